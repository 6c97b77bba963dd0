using System.Numerics;
using System.Runtime.InteropServices;

namespace Jam.Peer.Playback;

/// <summary>A short sine sweep, and where it stands in a recording: by normalized cross-correlation, to a fraction of a frame.</summary>
internal static class SweepFinder
{
    /// <summary>Length of the sweep, seconds.</summary>
    public const double LengthS = 0.05;

    private const double FromHz = 500;
    private const double ToHz = 6_000;

    /// <summary>The sweep, 0.5 at its loudest, with soft ends.</summary>
    public static float[] Make(int rate)
    {
        var sweep = new float[(int)(LengthS * rate)];
        for (var i = 0; i < sweep.Length; i++)
        {
            var t = (double)i / rate;
            var phase = 2 * Math.PI * (FromHz * t + (ToHz - FromHz) * t * t / (2 * LengthS));
            var window = 0.5 - 0.5 * Math.Cos(2 * Math.PI * (i + 0.5) / sweep.Length);
            sweep[i] = (float)(0.5 * window * Math.Sin(phase));
        }
        return sweep;
    }

    /// <summary>Where the sweep begins in a recording, in frames.</summary>
    /// <param name="recording">One channel.</param>
    /// <param name="sweep">As <see cref="Make"/> gives it, at the recording's rate.</param>
    /// <param name="likeness">1 where the recording holds the very sweep, near 0 where it holds none.</param>
    public static double Find(ReadOnlySpan<float> recording, ReadOnlySpan<float> sweep, out double likeness)
    {
        likeness = 0;
        var places = recording.Length - sweep.Length + 1;
        if (places < 3)
            return 0;
        var values = new double[places];
        var sweepEnergy = (double)Dot(sweep, sweep);
        var energy = (double)Dot(recording[..sweep.Length], recording[..sweep.Length]);
        var best = 0;
        for (var i = 0; i < places; i++)
        {
            values[i] = Dot(recording.Slice(i, sweep.Length), sweep) / Math.Sqrt(sweepEnergy * Math.Max(energy, 1e-9));
            if (Math.Abs(values[i]) > Math.Abs(values[best]))
                best = i;
            if (i + sweep.Length < recording.Length)
                energy += (double)recording[i + sweep.Length] * recording[i + sweep.Length] - (double)recording[i] * recording[i];
        }
        likeness = Math.Abs(values[best]);
        if (best == 0 || best == places - 1)
            return best;
        // A parabola through the top and its neighbours; a loudspeaker may be wired the other way round, hence the sign.
        var sign = Math.Sign(values[best]);
        var (a, b, c) = (sign * values[best - 1], sign * values[best], sign * values[best + 1]);
        var curve = a - 2 * b + c;
        return curve < 0 ? best + 0.5 * (a - c) / curve : best;
    }

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var x = MemoryMarshal.Cast<float, Vector<float>>(a);
        var y = MemoryMarshal.Cast<float, Vector<float>>(b);
        var sum = Vector<float>.Zero;
        for (var i = 0; i < x.Length; i++)
            sum += x[i] * y[i];
        var total = Vector.Sum(sum);
        for (var i = x.Length * Vector<float>.Count; i < a.Length; i++)
            total += a[i] * b[i];
        return total;
    }
}
