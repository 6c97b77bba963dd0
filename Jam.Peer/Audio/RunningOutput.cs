using System.Globalization;
using Jam.Peer.Clock;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>What plays at the moment, and where.</summary>
internal readonly record struct OutputReport(string Name, bool IsAudible, int Underruns, PlayoutStatus Status, double LatencyMs);

/// <summary>An output and the engine that fills it.</summary>
internal sealed class RunningOutput(IAudioOutput output, PlayoutEngine engine)
{
    public IAudioOutput Output => output;

    public PlayoutEngine Engine => engine;

    /// <summary>The device that the latency is for.</summary>
    public string? DeviceId { get; set; }

    public double LatencyMs { get; set; }

    /// <summary>Times that the device ran dry, and times that the decoder did.</summary>
    public int Underruns => output.Underruns + engine.Status.Underruns;
}

/// <summary>An engine, as an output sees it.</summary>
internal sealed class EngineRenderer(PlayoutEngine engine, Func<RoomClockSnapshot> room, Action<string>? trace = null) : IFrameRenderer
{
    public bool IsIdle => engine.IsIdle;

    public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
    {
        engine.Render(output, firstFrame, nowUs, clock, room());
        if (trace is null || !clock.IsLocked)
            return;
        var now = room();
        var heardUs = clock.HeardAtUs(firstFrame);
        trace(string.Create(CultureInfo.InvariantCulture, $"block {firstFrame} {heardUs:F1} {now.ToRoomUs(heardUs):F1} {engine.Status.SyncErrorUs:F1}"));
    }

    public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => engine.Rewind(earliestFrame, nowUs, clock, room());
}
