using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>What a room wants sent.</summary>
internal abstract record Outgoing;

/// <summary>To one connection. An <see cref="Error"/> that closes ends it.</summary>
internal sealed record ToOne(long Connection, ServerMessage Message) : Outgoing;

/// <summary>To every member, but for one connection where it is named.</summary>
internal sealed record ToAll(ServerMessage Message, long? Except = null) : Outgoing;

/// <summary>To some connections. What is patient may go with whatever comes next on each, in its place.</summary>
internal sealed record ToSome(IReadOnlyList<long> Connections, ServerMessage Message, bool IsPatient = false) : Outgoing;

/// <summary>Ends a connection in good order.</summary>
internal sealed record HangUp(long Connection) : Outgoing;

/// <summary>A room after an event, and what to send, in order.</summary>
internal sealed record Step(Room Room, IReadOnlyList<Outgoing> Outgoing);
