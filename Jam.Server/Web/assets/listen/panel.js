// Listening in the browser has its own modules; until they are here, nothing is shown.

/** Called once with the room page's empty section and its RoomClient. */
export function mountListen(section) {
  section.hidden = true;
}
