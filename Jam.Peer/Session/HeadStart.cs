using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>
/// Touches what every start needs of the framework while one processor still reads the options: loading it is most of a start, and each
/// part would else wait for the one before it.
/// </summary>
internal static class HeadStart
{
    private static readonly string[] s_elsewhere = ["--connect", "--server"];
    private static readonly string[] s_brief = ["--version", "--help", "--list-devices", "-h"];

    /// <summary>Begins, where the arguments are a peer's own.</summary>
    /// <returns>Ends when all is touched.</returns>
    public static Task Begin(IReadOnlyList<string> args)
    {
        if (args.Count == 0 || !args[0].StartsWith('-') || args.Any(s_brief.Contains))
            return Task.CompletedTask;
        return Task.Run(() => TouchAsync(withServer: !args.Any(IsElsewhere)));
    }

    // What is needed first comes first. Where there are two processors, both at once would only take turns with what reads the options.
    private static async Task TouchAsync(bool withServer)
    {
        var speaking = Environment.ProcessorCount > 2 ? Task.Run(Speak) : null;
        if (withServer)
            await KestrelListener.PrepareAsync();
        if (speaking is null)
            Speak();
        else
            await speaking;
    }

    private static bool IsElsewhere(string arg) => s_elsewhere.Any(option => arg == option || arg.StartsWith(option + "=", StringComparison.Ordinal));

    // What is said at the door, to text and back, and a socket to say it through.
    private static void Speak()
    {
        var state = new State(null, PlaybackStatus.Pause, 0, 0, 1, 1, Guid.Empty, 0, 0, null, "");
        ControlCodec.ParseServer(ControlCodec.Serialize(state));
        ControlCodec.ParseClient(ControlCodec.Serialize(new SyncRequest(1)));
        using var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
    }
}
