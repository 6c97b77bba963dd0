namespace Jam.Server.Contracts;

/// <summary>The codes of ERROR. PROTOCOL.md says what each means and which of them end the connection.</summary>
public static class ErrorCodes
{
    /// <summary>Not a JSON object in UTF-8.</summary>
    public const string BadJson = "bad_json";

    /// <summary>A type that this side does not know.</summary>
    public const string UnknownType = "unknown_type";

    /// <summary>A field that is missing, of the wrong type or out of range.</summary>
    public const string BadField = "bad_field";

    /// <summary>Over <see cref="Limits.MaxMessageBytes"/>; closes.</summary>
    public const string TooLarge = "too_large";

    /// <summary>Something before HELLO.</summary>
    public const string HelloFirst = "hello_first";

    /// <summary>A second HELLO on one connection.</summary>
    public const string HelloAgain = "hello_again";

    /// <summary>No HELLO within <see cref="Limits.HelloTimeout"/>; closes.</summary>
    public const string HelloTimeout = "hello_timeout";

    /// <summary>Someone else is the host, or may still come back as it.</summary>
    public const string HostTaken = "host_taken";

    /// <summary>Only the host may do this; nothing changed.</summary>
    public const string NotHost = "not_host";

    /// <summary>Another member changed the room since the STATE that the command named; nothing changed.</summary>
    public const string Stale = "stale";

    /// <summary>The host keeps this member from doing so; nothing changed.</summary>
    public const string Muted = "muted";

    /// <summary>The host sent this member away; closes.</summary>
    public const string Kicked = "kicked";

    /// <summary>Nobody of that id is in the room.</summary>
    public const string UnknownPeer = "unknown_peer";

    /// <summary>Nothing follows in the list.</summary>
    public const string NoNext = "no_next";

    /// <summary>A lane of the loop is its owner's.</summary>
    public const string NotYourLane = "not_your_lane";

    /// <summary>The loop has <see cref="Limits.MaxLanes"/> lanes.</summary>
    public const string LoopFull = "loop_full";

    /// <summary>More BLOBs than are relayed; this one was not.</summary>
    public const string BlobRate = "blob_rate";

    /// <summary>The queue has no place for another track.</summary>
    public const string QueueFull = "queue_full";

    /// <summary>The queue does not hold this track.</summary>
    public const string UnknownTrack = "unknown_track";

    /// <summary>The room's door is locked, and HELLO brought nothing that opens it; closes.</summary>
    public const string PasswordNeeded = "password_needed";

    /// <summary>That is not the room's password; closes.</summary>
    public const string WrongPassword = "wrong_password";

    /// <summary>An invite that does not admit, or does not stand; closes where HELLO brought it.</summary>
    public const string BadInvite = "bad_invite";

    /// <summary>Too many wrong passwords came from this address; closes.</summary>
    public const string TooManyAttempts = "too_many_attempts";

    /// <summary>The room has <see cref="Limits.MaxMembers"/> members; closes.</summary>
    public const string RoomFull = "room_full";

    /// <summary>The server has as many rooms or connections as it may; closes.</summary>
    public const string ServerFull = "server_full";

    /// <summary>The room is between two servers of a fleet, or its owner may be dead: nothing was done, and it may be asked again.</summary>
    public const string Moving = "moving";

    /// <summary>The fleet's database does not answer, so that no room can be claimed; closes.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The same member came back on another connection; closes this one.</summary>
    public const string Replaced = "replaced";

    /// <summary>More messages a second than allowed; closes.</summary>
    public const string Rate = "rate";

    /// <summary>Too many messages that were wrong; closes.</summary>
    public const string TooManyErrors = "too_many_errors";

    /// <summary>The receiver did not read what was sent to it; closes.</summary>
    public const string SlowReader = "slow_reader";

    /// <summary>The server failed at this message; closes.</summary>
    public const string Internal = "internal";
}
