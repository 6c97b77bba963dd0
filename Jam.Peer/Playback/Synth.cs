using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// A few voices, each a function of the time since its note began: a peer that comes in the middle of a note plays the rest of it.
/// Nothing here allocates: it runs on the audio thread.
/// </summary>
internal static class Synth
{
    private const double ClickUs = 40_000;
    private const double NoteUs = 500_000;

    private enum Voice
    {
        Click,
        Tone,
        Kick,
        Snare,
        Hat,
    }

    /// <summary>Names of the percussive voices.</summary>
    public static IReadOnlyList<string> Samples { get; } = ["kick", "snare", "hat", "click"];

    /// <summary>Adds a click: a short tone, higher on a downbeat.</summary>
    public static void Click(Span<float> block, double fromUs, double stepUs, long atUs, bool isDownbeat, float gain)
    {
        var (hertz, level) = isDownbeat ? (1760.0, 0.5f) : (1174.66, 0.3f);
        Add(block, fromUs, stepUs, atUs, ClickUs, Voice.Click, hertz, level * gain);
    }

    /// <summary>Adds a note of the loop: a pitch, or a percussive sound by its name; one that is not known is a click.</summary>
    public static void Note(Span<float> block, double fromUs, double stepUs, long atUs, LoopStep step, float gain)
    {
        var level = gain * step.Velocity / 127f * 0.35f;
        if (step.Pitch is { } pitch)
        {
            Add(block, fromUs, stepUs, atUs, NoteUs, Voice.Tone, 440 * Math.Pow(2, (pitch - 69) / 12.0), level);
            return;
        }

        var voice = step.Sample switch
        {
            "kick" => Voice.Kick,
            "snare" => Voice.Snare,
            "hat" => Voice.Hat,
            _ => Voice.Click,
        };
        Add(block, fromUs, stepUs, atUs, NoteUs, voice, 1500, level);
    }

    private static void Add(
        Span<float> block, double fromUs, double stepUs, long atUs, double lengthUs, Voice voice, double hertz, float level)
    {
        var first = Math.Max(0, (int)Math.Ceiling(Math.Min((atUs - fromUs) / stepUs, int.MaxValue / 2)));
        var end = Math.Min(block.Length / 2, (int)Math.Ceiling(Math.Min((atUs + lengthUs - fromUs) / stepUs, int.MaxValue / 2)));
        for (var frame = first; frame < end; frame++)
        {
            var s = (fromUs + (frame * stepUs) - atUs) / 1e6;
            // It ends in nothing too, for the same reason as it begins with it.
            var sample = level * (float)(Sound(voice, hertz, s) * Math.Clamp(((lengthUs / 1e6) - s) / 0.005, 0, 1));
            block[2 * frame] += sample;
            block[(2 * frame) + 1] += sample;
        }
    }

    /// <summary>The voice at so many seconds after its note began, about -1 to 1.</summary>
    private static double Sound(Voice voice, double hertz, double s) => voice switch
    {
        Voice.Tone => Tone(2 * Math.PI * hertz * s) * Math.Min(1, s / 0.004) * Math.Min(1, ((NoteUs / 1e6) - s) / 0.02) * Math.Exp(-s * 5),
        Voice.Kick => 1.6 * Math.Sin(2 * Math.PI * ((45 * s) + (6 * (1 - Math.Exp(-s * 35))))) * Math.Exp(-s * 14),
        Voice.Snare => Attack(s) * ((0.7 * Noise(s)) + (0.5 * Math.Sin(2 * Math.PI * 185 * s))) * Math.Exp(-s * 22),
        Voice.Hat => Attack(s) * 0.6 * Noise(s) * Math.Exp(-s * 70),
        _ => Math.Sin(2 * Math.PI * hertz * s) * Math.Exp(-s * 120),
    };

    /// <summary>From nothing within half a millisecond: whether the first frame is on one side of a block's edge or on the other is not heard.</summary>
    private static double Attack(double s) => Math.Clamp(s / 0.0005, 0, 1);

    private static double Tone(double phase) => Math.Sin(phase) + (0.4 * Math.Sin(2 * phase)) + (0.15 * Math.Sin(3 * phase));

    /// <summary>Noise that is the same at the same time since the note began, on a 96 kHz raster.</summary>
    private static double Noise(double s)
    {
        var x = (uint)((s * 96_000) + 0.5) * 2654435761u;
        x ^= x >> 15;
        x *= 2246822519u;
        x ^= x >> 13;
        return ((x & 0xFFFF) / 32768.0) - 1;
    }
}
