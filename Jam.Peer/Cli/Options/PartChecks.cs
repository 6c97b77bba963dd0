using Jam.Peer.Session;
using Jam.Server.Hosting;
using Jam.Server.Observing;

namespace Jam.Peer.Cli.Options;

/// <summary>The checks of values that name a part which may not be built in.</summary>
internal static class PartChecks
{
    /// <summary>What decodes.</summary>
    public static DecoderKind Decoder(this OptionChecks checks, string? text)
    {
        var kind = text switch
        {
            null or "auto" => DecoderKind.Auto,
            "native" => DecoderKind.Native,
            "nlayer" => DecoderKind.NLayer,
            "naudio" => DecoderKind.NAudio,
            _ => (DecoderKind?)null,
        };
        if (kind is null)
            checks.Fail($"--decoder {text}: it is auto, native, nlayer or naudio");
        else if (kind is DecoderKind.NLayer or DecoderKind.NAudio)
            checks.NeedsNAudio($"--decoder {text}");
        return kind ?? DecoderKind.Auto;
    }

    /// <summary>What an embedded server listens with.</summary>
    public static ListenerKind Listener(this OptionChecks checks, string? text)
    {
        switch (text)
        {
            case null or "kestrel":
                return ListenerKind.Kestrel;
            case "fleck":
                if (!checks.Parts.Fleck)
                    checks.Fail("--listener fleck: this build has no Fleck; build it with -p:UseFleck=true (see README.md)");
                return ListenerKind.Fleck;
            default:
                checks.Fail($"--listener {text}: it is kestrel or fleck");
                return ListenerKind.Kestrel;
        }
    }

    /// <summary>How the log looks.</summary>
    public static LogFormat LogFormat(this OptionChecks checks, string? text)
    {
        if (text is not (null or "text" or "json"))
            checks.Fail($"--log-format {text}: it is text or json");
        return text == "json" ? Jam.Server.Hosting.LogFormat.Json : Jam.Server.Hosting.LogFormat.Text;
    }

    /// <summary>Where metrics and traces are sent to; null: nowhere, or where the standard variable says.</summary>
    public static Uri? Collector(this OptionChecks checks, string? text)
    {
        if (text is null)
            return null;
        var collector = Telemetry.Parse(text);
        if (collector is null)
            checks.Fail($"--otlp {text}: write the collector's address, like http://127.0.0.1:4318");
        return collector;
    }

    /// <summary>Fails where NAudio is not built in.</summary>
    public static void NeedsNAudio(this OptionChecks checks, string option)
    {
        if (!checks.Parts.NAudio)
            checks.Fail($"{option}: this build has no NAudio; build it with -p:UseNAudio=true (see README.md)");
    }
}
