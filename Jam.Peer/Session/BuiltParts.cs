using Jam.Peer.Audio;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>What was built in by the build switches.</summary>
/// <param name="Fleck">Fleck, which can listen for WebSockets.</param>
/// <param name="NAudio">NAudio and NLayer, which can play and decode.</param>
internal sealed record BuiltParts(bool Fleck, bool NAudio)
{
    /// <summary>Those of this program.</summary>
    public static BuiltParts OfThisProgram { get; } =
        new(JamServer.Listeners.Contains(ListenerKind.Fleck), Decoders.BuiltIn.Contains(DecoderKind.NAudio));
}
