using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>What frames were rendered by; where it changes, they are rendered again.</summary>
internal readonly record struct Rendered(TimelinePair? Pair, double Volume, double LatencyUs, ClickPattern? Clicks, RoomScore? Score);
