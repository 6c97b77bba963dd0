using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Playback;

/// <summary>
/// An engine on a simulated device, playing a track whose samples say where they stand: the left channel is the position times the gain,
/// the right one the gain. So what is heard at any instant can be read off the output, to a fraction of a frame.
/// </summary>
internal sealed class PlayoutRig
{
    public const string TrackId = "a";
    private const double Slope = 1.0 / (1 << 21);

    public static readonly Guid ClockId = Guid.Parse("00000000-0000-0000-0000-000000000001");

    private readonly List<float> _output = [];
    private readonly float[] _block = new float[2 * 4096];

    public PlayoutRig(SimulatedDevice device, int sourceRate = 44_100, double roomDrift = 0, double latencyUs = 0)
    {
        Device = device;
        SourceRate = sourceRate;
        Engine = new PlayoutEngine(device.Rate, latencyUs, 1);
        Room = new RoomClockSnapshot(ClockId, device.NowUs, 7_000_000_000, roomDrift, 3, 400, true);
    }

    public SimulatedDevice Device { get; }

    public PlayoutEngine Engine { get; }

    public int SourceRate { get; }

    public RoomClockSnapshot Room { get; set; }

    /// <summary>The room time of now.</summary>
    public long RoomNowUs => (long)Room.ToRoomUs(Device.NowUs);

    public static Timeline Record(long revision, PlaybackStatus status, long atUs, long positionUs, string trackId = TrackId) =>
        new(1, revision, ClockId, status, trackId, atUs, positionUs);

    /// <summary>A track of which some stretch is decoded.</summary>
    public PlayoutTrack MakeTrack(long firstFrame, int frames, string trackId = TrackId, bool isWhole = false)
    {
        var track = new PlayoutTrack(trackId, SourceRate, null);
        AddTo(track, firstFrame, frames, isWhole);
        return track;
    }

    public static FrameRing AddTo(PlayoutTrack track, long firstFrame, int frames, bool isWhole = false)
    {
        var ring = new FrameRing(1 << 20, firstFrame);
        Append(ring, frames);
        if (isWhole)
            ring.Complete();
        track.Add(ring, track.Find(track.Covering(0, 0)?.Start ?? 0, 1));
        return ring;
    }

    public static void Append(FrameRing ring, int frames)
    {
        var stereo = new float[2 * frames];
        for (var i = 0; i < frames; i++)
        {
            stereo[2 * i] = (float)((ring.End + i) * Slope);
            stereo[2 * i + 1] = 1;
        }
        ring.Append(stereo);
    }

    /// <summary>Asks the engine what to render again of what is heard later than 40 ms from now, as an output with a queue does.</summary>
    /// <returns>The first frame that was rendered again; -1: none.</returns>
    public long Rewrite()
    {
        const double SafetyUs = 40_000;
        var (end, clock) = (Device.Written, Device.Clock);
        var from = Engine.Rewind(
            end - (long)Math.Floor((clock.HeardAtUs(end) - Device.NowUs - SafetyUs) / clock.PeriodUs), Device.NowUs, clock, Room);
        for (var at = from; at >= 0 && at < end;)
        {
            var count = (int)Math.Min(end - at, 700);
            Engine.Render(_block.AsSpan(0, 2 * count), at, Device.NowUs, clock, Room);
            _block.AsSpan(0, 2 * count).CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_output)[(int)(2 * at)..]);
            at += count;
        }
        return from;
    }

    public void Run(double seconds)
    {
        Device.Run((long)(seconds * 1e6), 960, (first, count) =>
        {
            Engine.Render(_block.AsSpan(0, 2 * count), first, Device.NowUs, Device.Clock, Room);
            _output.AddRange(_block.AsSpan(0, 2 * count));
        });
    }

    /// <summary>The raw samples, to compare.</summary>
    public float[] Samples(long first, long last) => [.. _output[(int)(2 * first)..(int)(2 * last)]];

    /// <summary>Gain of an output frame.</summary>
    public float GainAt(long frame) => _output[(int)(2 * frame + 1)];

    /// <summary>Track position of an output frame in microseconds.</summary>
    public double PositionUsAt(long frame) => _output[(int)(2 * frame)] / (double)GainAt(frame) / Slope * 1e6 / SourceRate;

    /// <summary>The first output frame that is truly heard at or after a room time.</summary>
    public long FrameHeardAtRoom(double roomUs)
    {
        var localUs = Room.ToLocalUs(roomUs);
        var frame = (long)((localUs - Device.TrulyHeardAtUs(0)) / (Device.TrulyHeardAtUs(1) - Device.TrulyHeardAtUs(0)));
        while (Device.TrulyHeardAtUs(frame) < localUs - 1e-3)
            frame++;
        return frame;
    }

    /// <summary>Heard minus due at an output frame, microseconds, by what the device truly did.</summary>
    public double ErrorUsAt(long frame, Timeline record) =>
        PositionUsAt(frame) - record.PositionUs - (Room.ToRoomUs(Device.TrulyHeardAtUs(frame)) - record.AtUs);

    /// <summary>Asserts that sound is in time, at full gain, over some output frames.</summary>
    public void AssertInTime(long first, long last, Timeline record, double toleranceUs)
    {
        Assert.That(last, Is.GreaterThan(first).And.LessThan(_output.Count / 2), "nothing rendered to judge");
        for (var frame = first; frame <= last; frame += 37)
        {
            Assert.That(GainAt(frame), Is.EqualTo(1).Within(1e-3), $"gain of frame {frame}");
            Assert.That(ErrorUsAt(frame, record), Is.EqualTo(0).Within(toleranceUs), $"error of frame {frame}");
        }
    }

    /// <summary>Asserts silence over some output frames.</summary>
    public void AssertSilent(long first, long last)
    {
        Assert.That(last, Is.GreaterThanOrEqualTo(first).And.LessThan(_output.Count / 2), "nothing rendered to judge");
        for (var frame = first; frame <= last; frame++)
            Assert.That(GainAt(frame), Is.EqualTo(0), $"gain of frame {frame}");
    }
}
