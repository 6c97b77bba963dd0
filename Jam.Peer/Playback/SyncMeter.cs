using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// Remembers which track position was rendered into which output frame, so that the error is taken of what is heard now, by what is
/// known now, not of what was believed when it was rendered a buffer ago. Written by the audio thread alone.
/// </summary>
internal sealed class SyncMeter
{
    private const int Blocks = 512;
    private const int MedianOf = 15;

    private readonly Block[] _blocks = new Block[Blocks];
    private readonly double[] _errors = new double[MedianOf];
    private long _written;
    private int _errorCount;
    private double _medianUs = double.NaN;
    private bool _sounding;

    /// <summary>Any thread: whether sound of the track is heard now.</summary>
    public bool IsSounding => Volatile.Read(ref _sounding);

    /// <summary>Any thread: median of the last errors, heard minus due, microseconds; NaN while silent.</summary>
    public double ErrorUs => Volatile.Read(ref _medianUs);

    /// <summary>Notes a rendered block; <paramref name="track"/> is null for silence.</summary>
    public void OnRendered(long outputFrame, int count, PlayoutTrack? track, long frame, double fraction, double step) =>
        _blocks[_written++ % Blocks] = new Block(outputFrame, count, track, frame, fraction, step);

    /// <summary>Forgets what was noted from an output frame on: it is rendered again.</summary>
    public void Rewind(long outputFrame)
    {
        while (_written > 0 && _blocks[(_written - 1) % Blocks].OutputFrame >= outputFrame)
            _written--;
    }

    /// <summary>Takes the error of the output frame that is heard now.</summary>
    public void Measure(double heardFrame, Timeline? record, double roomUs)
    {
        var at = Find(heardFrame);
        var isPlaying = at >= 0 && _blocks[at].Track is { } track && record is { Status: PlaybackStatus.Play }
            && record.TrackId == track.TrackId && roomUs >= record.AtUs;
        Volatile.Write(ref _sounding, isPlaying);
        if (!isPlaying)
        {
            _errorCount = 0;
            Volatile.Write(ref _medianUs, double.NaN);
            return;
        }
        ref readonly var block = ref _blocks[at];
        var due = (record!.PositionUs + (roomUs - record.AtUs)) * block.Track!.SampleRate / 1e6;
        var heard = block.Frame - due + block.Fraction + (heardFrame - block.OutputFrame) * block.Step;
        _errors[_errorCount++ % MedianOf] = heard * 1e6 / block.Track.SampleRate;
        Volatile.Write(ref _medianUs, Median());
    }

    private double Median()
    {
        Span<double> sorted = stackalloc double[MedianOf];
        sorted = sorted[..Math.Min(_errorCount, MedianOf)];
        _errors.AsSpan(0, sorted.Length).CopyTo(sorted);
        sorted.Sort();
        return sorted[sorted.Length / 2];
    }

    private int Find(double frame)
    {
        for (var i = _written - 1; i >= 0 && i >= _written - Blocks; i--)
        {
            ref readonly var block = ref _blocks[i % Blocks];
            if (frame >= block.OutputFrame)
                return frame < block.OutputFrame + block.Count ? (int)(i % Blocks) : -1;
        }
        return -1;
    }

    private readonly record struct Block(long OutputFrame, int Count, PlayoutTrack? Track, long Frame, double Fraction, double Step);
}
