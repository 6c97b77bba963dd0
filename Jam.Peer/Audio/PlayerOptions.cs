using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>Where and how a player plays.</summary>
public sealed record PlayerOptions
{
    /// <summary>Where sound goes.</summary>
    public OutputKind Output { get; init; } = OutputKind.Auto;

    /// <summary>The file of <see cref="OutputKind.Wav"/>.</summary>
    public string? WavPath { get; init; }

    /// <summary>Name of the sound device; null: the default one.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// The device sounds this much later than it reports, milliseconds; negative where it sounds earlier; null: what is saved for it.
    /// </summary>
    public double? LatencyMs { get; init; }

    /// <summary>Folder of the user's settings; null: the user's own (XDG).</summary>
    public string? ConfigFolder { get; init; }

    /// <summary>What decodes.</summary>
    public DecoderKind Decoder { get; init; }

    /// <summary>0 to 1.</summary>
    public double Volume { get; init; } = 1;

    /// <summary>Which channel goes to the loudspeakers.</summary>
    public OutputChannel Channel { get; init; }

    /// <summary>Takes a line for every reading of the output's timing and every block; null: nobody asks. Called on the audio thread.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>What the options of a session ask for.</summary>
    public static PlayerOptions From(SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PlayerOptions
        {
            Output = options.Output,
            WavPath = options.WavPath,
            Device = options.Device,
            Decoder = options.Decoder,
            LatencyMs = options.LatencyMs,
            ConfigFolder = options.ConfigFolder,
            Volume = options.Volume,
            Channel = options.Channel switch
            {
                ChannelChoice.Left => OutputChannel.Left,
                ChannelChoice.Right => OutputChannel.Right,
                ChannelChoice.Mono => OutputChannel.Mono,
                _ => OutputChannel.Stereo,
            },
        };
    }
}
