namespace Jam.Peer.Playback;

/// <summary>One place that sound is read from, with its own gain. An engine has two: what plays, and what fades out.</summary>
internal sealed class PlayoutVoice
{
    private PreparedTrack? _source;
    private FrameRing? _ring;
    private double _gain;
    private double _gainStep;
    private float _trackGain = 1;

    /// <summary>All that it is at one moment, to go back to.</summary>
    public VoiceState State
    {
        get => new(_source, _ring, Frame, Fraction, _gain, _gainStep, _trackGain);
        set => (_source, _ring, Frame, Fraction, _gain, _gainStep, _trackGain) =
            (value.Source, value.Ring, value.Frame, value.Fraction, value.Gain, value.GainStep, value.TrackGain);
    }

    /// <summary>Whether it plays.</summary>
    public bool IsActive => _source is not null;

    /// <summary>What it plays.</summary>
    public PlayoutTrack? Track => _source?.Track;

    /// <summary>Whole part of the track position that comes next, in source frames.</summary>
    public long Frame { get; private set; }

    /// <summary>The rest of that position, 0 to 1.</summary>
    public double Fraction { get; private set; }

    /// <summary>Whether what comes next is audible: not faded out, not after the track's end.</summary>
    public bool IsSounding => IsActive && (_gain > 0 || _gainStep > 0) && !(_ring!.IsComplete && Frame >= _ring.End);

    /// <summary>Distance of the next frame from a position, in source frames; positive where it is ahead.</summary>
    public double AheadOf(double position) => Frame - position + Fraction;

    /// <summary>Starts at a position, fading in over some frames; 0 begins at full gain.</summary>
    public void Start(PreparedTrack source, FrameRing ring, double position, int fadeFrames)
    {
        _source = source;
        _ring = ring;
        _trackGain = source.Track.Gain;
        Frame = (long)Math.Floor(position);
        Fraction = position - Frame;
        _gain = fadeFrames > 0 ? 0 : 1;
        _gainStep = fadeFrames > 0 ? 1.0 / fadeFrames : 0;
    }

    /// <summary>Takes over where another voice stands and fades it out; the other one stops.</summary>
    public void FadeOutFrom(PlayoutVoice other, int fadeFrames)
    {
        (_source, _ring, Frame, Fraction, _gain) = (other._source, other._ring, other.Frame, other.Fraction, other._gain);
        _trackGain = other._trackGain;
        _gainStep = -Math.Max(_gain, 1e-3) / fadeFrames;
        other.Stop();
    }

    /// <summary>Forgets everything.</summary>
    public void Stop()
    {
        _source = null;
        _ring = null;
        _gain = _gainStep = 0;
    }

    /// <summary>Whether the next block, and a reserve to fade out in, is here; looks into the track's other ring too.</summary>
    public bool HasFrames(int count, double step, int reserveFrames)
    {
        var first = Frame - _source!.Kernel.Before;
        var needed = SincResampler.FramesNeeded(_source.Kernel, Fraction, step, count) + reserveFrames;
        if (_ring!.Has(first, needed))
            return true;
        if (_source.Track.Find(first, needed) is not { } ring)
            return false;
        _ring = ring;
        return true;
    }

    /// <summary>Adds the rest of a fade to an output, at the track's nominal speed.</summary>
    public void FadeInto(Span<float> output, int outputRate)
    {
        var step = (double)Track!.SampleRate / outputRate;
        // In short pieces, so that the end of a fade inside a block needs no more frames than the fade itself.
        for (var at = 0; at < output.Length && IsActive;)
        {
            var length = Math.Min(output.Length - at, 2 * 64);
            AddTo(output.Slice(at, length), step);
            at += length;
        }
    }

    /// <summary>Adds the next block to an output and moves on. What cannot be read is silence, and ends the voice.</summary>
    public void AddTo(Span<float> output, double step)
    {
        var count = output.Length / 2;
        var source = _source!;
        var needed = SincResampler.FramesNeeded(source.Kernel, Fraction, step, count);
        if (needed > source.Left.Length)
        {
            Stop();
            return;
        }
        var left = source.Left.AsSpan(0, needed);
        var right = source.Right.AsSpan(0, needed);
        if (!_ring!.TryRead(Frame - source.Kernel.Before, left, right))
        {
            Stop();
            return;
        }
        SincResampler.AddTo(source.Kernel, left, right, Fraction, step, output, _gain, _gainStep, _trackGain);
        _gain = Math.Clamp(_gain + count * _gainStep, 0, 1);
        var advanced = Fraction + count * step;
        var whole = (long)advanced;
        Frame += whole;
        Fraction = advanced - whole;
        if (_gain >= 1)
            _gainStep = 0;
        else if (_gain <= 0 && _gainStep < 0)
            Stop();
    }
}

/// <summary>What a voice is at one moment.</summary>
internal readonly record struct VoiceState(
    PreparedTrack? Source, FrameRing? Ring, long Frame, double Fraction, double Gain, double GainStep, float TrackGain);
