using System.Numerics;
using System.Runtime.InteropServices;

namespace Jam.Peer.Playback;

/// <summary>Reads a stereo signal at any position and speed with a <see cref="SincKernel"/>. Stateless: allocates nothing.</summary>
internal static class SincResampler
{
    /// <summary>How many source frames <paramref name="count"/> output frames need, from <c>floor(position) - Before</c> on.</summary>
    public static int FramesNeeded(SincKernel kernel, double fraction, double step, int count) =>
        count == 0 ? 0 : (int)Math.Floor(fraction + (count - 1) * step) + kernel.Taps;

    /// <summary>Adds resampled frames, each times a gain that runs linearly, to an interleaved stereo block.</summary>
    /// <param name="kernel">The coefficients.</param>
    /// <param name="left">Left source samples, from <see cref="SincKernel.Before"/> frames before the position's whole part on.</param>
    /// <param name="right">Right source samples, as many.</param>
    /// <param name="fraction">The position's fractional part, 0 to 1.</param>
    /// <param name="step">Source frames per output frame.</param>
    /// <param name="output">Interleaved stereo; its length gives the count of frames.</param>
    /// <param name="gain">Gain of the first frame.</param>
    /// <param name="gainStep">Added to the gain with each frame; the gain stays within 0 to 1.</param>
    /// <param name="scale">A factor that comes after that.</param>
    public static void AddTo(
        SincKernel kernel, ReadOnlySpan<float> left, ReadOnlySpan<float> right, double fraction, double step, Span<float> output,
        double gain, double gainStep, float scale = 1)
    {
        var taps = kernel.Taps;
        for (var frame = 0; frame < output.Length / 2; frame++)
        {
            var position = fraction + frame * step;
            var whole = (int)position;
            var first = kernel.Rows(position - whole, out var second, out var weight);
            Convolve(first, second, weight, left.Slice(whole, taps), right.Slice(whole, taps), out var l, out var r);
            var g = (float)Math.Clamp(gain + frame * gainStep, 0, 1) * scale;
            output[2 * frame] += l * g;
            output[2 * frame + 1] += r * g;
        }
    }

    private static void Convolve(
        ReadOnlySpan<float> first, ReadOnlySpan<float> second, float weight, ReadOnlySpan<float> left, ReadOnlySpan<float> right,
        out float l, out float r)
    {
        // Taps are a multiple of 8; a machine with wider vectors falls through to the scalar loop for the rest.
        var a = MemoryMarshal.Cast<float, Vector<float>>(first);
        var b = MemoryMarshal.Cast<float, Vector<float>>(second);
        var x = MemoryMarshal.Cast<float, Vector<float>>(left);
        var y = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sumL = Vector<float>.Zero;
        var sumR = Vector<float>.Zero;
        var w = new Vector<float>(weight);
        for (var i = 0; i < a.Length; i++)
        {
            var c = a[i] + (b[i] - a[i]) * w;
            sumL += c * x[i];
            sumR += c * y[i];
        }
        l = Vector.Sum(sumL);
        r = Vector.Sum(sumR);
        for (var i = a.Length * Vector<float>.Count; i < first.Length; i++)
        {
            var c = first[i] + (second[i] - first[i]) * weight;
            l += c * left[i];
            r += c * right[i];
        }
    }
}
