// A relay on ws: who says HELLO gets the room's STATE, and whatever else is said goes to all of the room as it came.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const { WebSocket, WebSocketServer } = createRequire(join(process.argv[2], "package.json"))("ws");
const rooms = new Map();
const http = createServer();
const server = new WebSocketServer({ server: http, maxPayload: 65536 });

server.on("connection", (socket, request) => {
  let room = rooms.get(request.url);
  if (!room) {
    room = { members: new Set(), state: Buffer.from(process.argv[3]) };
    rooms.set(request.url, room);
  }
  socket.on("message", (data) => {
    if (!room.members.has(socket)) {
      room.members.add(socket);
      socket.send(room.state, { binary: false });
      return;
    }
    room.state = data;
    for (const member of room.members) {
      if (member.readyState === WebSocket.OPEN) member.send(data, { binary: false });
    }
  });
  socket.on("close", () => {
    room.members.delete(socket);
    if (room.members.size === 0) rooms.delete(request.url);
  });
  socket.on("error", () => {});
});
http.listen({ port: 0, backlog: 512 }, () => console.log(`port ${http.address().port}`));
