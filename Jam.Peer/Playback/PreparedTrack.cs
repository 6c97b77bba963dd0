namespace Jam.Peer.Playback;

/// <summary>A track as one engine plays it: its frames, and what it takes to bring them to the output's rate.</summary>
internal sealed class PreparedTrack
{
    public PreparedTrack(PlayoutTrack track, int outputRate)
    {
        Track = track;
        Ratio = (double)track.SampleRate / outputRate;
        Kernel = new SincKernel(Ratio);
        // Room for the largest block at the fastest step (500 ppm of correction, 700 of the device, and drift: 1 % is ample).
        var frames = (int)(PlayoutEngine.MaxBlockFrames * Ratio * 1.01) + Kernel.Taps + 8;
        Left = new float[frames];
        Right = new float[frames];
    }

    public PlayoutTrack Track { get; }

    /// <summary>Source frames per output frame at nominal rates.</summary>
    public double Ratio { get; }

    public SincKernel Kernel { get; }

    /// <summary>Scratch of the audio thread.</summary>
    public float[] Left { get; }

    /// <summary>Scratch of the audio thread.</summary>
    public float[] Right { get; }
}

/// <summary>The room's track and the one before it, which sounds until the timeline leaves it.</summary>
internal sealed record PreparedTracks(PreparedTrack? Current, PreparedTrack? Previous)
{
    public static PreparedTracks None { get; } = new(null, null);

    /// <summary>The track of an id, where it is one of both.</summary>
    public PreparedTrack? Find(string? trackId)
    {
        if (Current is not null && Current.Track.TrackId == trackId)
            return Current;
        return Previous is not null && Previous.Track.TrackId == trackId ? Previous : null;
    }

    /// <summary>Others in the place of these; what is prepared already stays.</summary>
    public PreparedTracks Next(PlayoutTrack? current, PlayoutTrack? previous, int outputRate) =>
        new(Prepare(current, outputRate), Prepare(previous, outputRate));

    private PreparedTrack? Prepare(PlayoutTrack? track, int outputRate)
    {
        if (track is null)
            return null;
        if (ReferenceEquals(Current?.Track, track))
            return Current;
        return ReferenceEquals(Previous?.Track, track) ? Previous : new PreparedTrack(track, outputRate);
    }
}
