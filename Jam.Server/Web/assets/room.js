import { RoomClient } from './roomClient.js';

const room = decodeURIComponent(location.pathname.slice('/room/'.length));
document.getElementById('room-name').textContent = room;
const client = new RoomClient({ room, name: 'page' });
client.connect();
import('./listen/panel.js').then((panel) => panel.mountListen(document.getElementById('listen'), client));
