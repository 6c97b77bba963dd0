namespace Jam.Server.Fleet;

/// <summary>Where a server is reached: <c>ws://host:port</c>, or <c>wss://</c>, and its rooms below it.</summary>
internal static class FleetUrl
{
    /// <summary>Reads what was typed; null where it is no such address.</summary>
    public static string? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "ws" or "wss" && uri.Host.Length > 0 && uri.UserInfo.Length == 0
        && uri.AbsolutePath == "/" && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? $"{uri.Scheme}://{uri.Authority}"
            : null;

    /// <summary>A room's address at a server.</summary>
    public static string OfRoom(string url, string room) => $"{url}/ws/{room}";
}
