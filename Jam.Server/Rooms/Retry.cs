using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// What a member would be known by had it never heard its WELCOME: it gave its connection up while its HELLO was on the way, dials again, and must
/// not find itself in its own place.
/// </summary>
/// <param name="Token">Its own secret.</param>
/// <param name="HostToken">The host's token that it was told then, if any; told again.</param>
internal sealed record Retry(string Token, string? HostToken)
{
    /// <summary>Whether HELLO comes from whoever has that token from WELCOME, or never heard of it.</summary>
    public static bool IsSelf(string token, Retry? retry, Hello hello) =>
        Tokens.IsSame(token, hello.ResumeToken) || (retry is not null && Tokens.IsSame(retry.Token, hello.RetryToken));
}
