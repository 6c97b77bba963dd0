namespace Jam.Server.Contracts;

/// <summary>Notes of STATE that announce what the room will do by itself when a track ends, seconds before.</summary>
public static class StateNotes
{
    /// <summary>The next track of the list begins.</summary>
    public const string Next = "next";

    /// <summary>Nothing follows.</summary>
    public const string Ended = "ended";
}
