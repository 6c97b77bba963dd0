// A relay on socket.io: who says HELLO gets the room's STATE, and every STATE goes to all of the room.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const { Server } = createRequire(join(process.argv[2], "package.json"))("socket.io");
const http = createServer();
const server = new Server(http, { transports: ["websocket"], serveClient: false });
const states = new Map();

server.on("connection", (socket) => {
  const room = String(socket.handshake.query.room);
  socket.on("HELLO", () => {
    socket.join(room);
    socket.emit("STATE", states.get(room) ?? JSON.parse(process.argv[3]));
  });
  socket.on("STATE", (state) => {
    states.set(room, state);
    server.to(room).emit("STATE", state);
  });
});
http.listen({ port: 0, backlog: 512 }, () => console.log(`port ${http.address().port}`));
