using System.Text.Json.Serialization;
using Jam.Server.Contracts;

namespace Jam.Server.Web;

/// <summary>A room as the lobby shows it: nothing that is secret, no address.</summary>
/// <param name="Name">By which it is entered.</param>
/// <param name="MemberCount">How many are in it.</param>
/// <param name="Members">The first of them, hosts before viewers.</param>
/// <param name="Status">What it does.</param>
/// <param name="Track">Name of the track; null without one.</param>
/// <param name="DurationUs">How long that plays, microseconds; null where unknown.</param>
/// <param name="PositionUs">Where it is, microseconds.</param>
/// <param name="QueueLength">Tracks in its list.</param>
/// <param name="IsLocked">Whether it takes a password or an invite to enter; then nothing else is told of it.</param>
internal sealed record ListedRoom(
    string Name, int MemberCount, IReadOnlyList<ListedMember> Members, PlaybackStatus Status, string? Track, long? DurationUs, long PositionUs,
    int QueueLength, bool IsLocked = false);

/// <summary>A member as the lobby shows it.</summary>
internal sealed record ListedMember(string Name, Role Role);

/// <summary>What the lobby shows.</summary>
/// <param name="Rooms">Those that are listed.</param>
/// <param name="Offers">What else this server answers, by name.</param>
internal sealed record Lobby(IReadOnlyList<ListedRoom> Rooms, IReadOnlyList<string> Offers);

/// <summary>Where a room is found in a browser, the best address first.</summary>
internal sealed record Links(IReadOnlyList<string> Urls);

/// <summary>The JSON of what the page asks for.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, MaxDepth = 8)]
[JsonSerializable(typeof(Lobby))]
[JsonSerializable(typeof(Links))]
internal sealed partial class WebJsonContext : JsonSerializerContext;
