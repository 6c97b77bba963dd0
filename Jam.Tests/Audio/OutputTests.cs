using System.Buffers.Binary;
using System.Text.Json;
using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class OutputTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarmjam-audio-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, true);

    [Test]
    public void A_WAV_file_reads_back_as_it_was_written()
    {
        var path = Path.Combine(_folder, "a.wav");
        using (var file = new WavFileWriter(path, 48_000))
            file.Write([0, 0.5f, -1, 2]);
        var bytes = File.ReadAllBytes(path);
        Assert.That(bytes, Has.Length.EqualTo(44 + 8));
        Assert.That(DataBytes(bytes), Is.EqualTo(8));
        Assert.That(
            Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(44 + 2 * i))),
            Is.EqualTo(new[] { 0, 16_384, -32_767, 32_767 }));
    }

    [Test]
    public void The_header_of_a_WAV_file_is_true_while_it_grows()
    {
        var path = Path.Combine(_folder, "a.wav");
        using var file = new WavFileWriter(path, 48_000);
        file.Write(new float[2 * 100_000]);
        using var other = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var header = new byte[44];
        other.ReadExactly(header);
        Assert.That(DataBytes(header), Is.EqualTo(400_000));
        Assert.That(other.Length, Is.EqualTo(400_044));
    }

    [Test]
    public async Task A_WAV_output_says_when_its_first_frame_is_heard_and_gives_every_frame_once()
    {
        var path = Path.Combine(_folder, "a.wav");
        var output = WavOutput.Open(TimeProvider.System, path);
        var renderer = new CountingRenderer(20);
        output.Start(renderer);
        await renderer.Reached;
        await output.DisposeAsync();
        Assert.That(renderer.IsGapless, Is.True);
        Assert.That(renderer.HeardAtUs, Is.EqualTo(output.StartUs + renderer.FirstFrame * 1e6 / output.SampleRate).Within(0.01));
        var bytes = await File.ReadAllBytesAsync(path);
        Assert.That(DataBytes(bytes), Is.EqualTo(bytes.Length - 44));
        using var beside = JsonDocument.Parse(await File.ReadAllTextAsync(path + ".json"));
        Assert.That(beside.RootElement.GetProperty("first_frame_local_us").GetInt64(), Is.EqualTo(output.StartUs));
    }

    [Test]
    public void A_WAV_file_that_cannot_be_written_is_one_line() =>
        Assert.That(
            () => Player.Start(
                new PlayerOptions { Output = OutputKind.Wav, WavPath = Path.Combine(_folder, "no", "a.wav") }, TimeProvider.System,
                () => RoomClockSnapshot.None, _ => { }),
            Throws.InstanceOf<JamException>().With.Message.Contains("cannot write"));

    [Test]
    public async Task A_player_says_in_one_line_what_it_cannot_play_and_closes_its_reader()
    {
        var said = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var player = Player.Start(
            new PlayerOptions { Output = OutputKind.Null }, TimeProvider.System, () => RoomClockSnapshot.None,
            line => said.TrySetResult(line));
        player.SetTrack("x", () => new PartialTrack(Mp3Bytes.Garbage(1_000)));
        Assert.That(await said.Task, Is.EqualTo("this track cannot be played: it holds no audio"));
        Assert.That(player.IsReady("none", 1), Is.False);
        var report = player.Report();
        Assert.That(report.Sounding, Is.False);
        Assert.That(report.OutputIsAudible, Is.False);
        Assert.That(report.SyncErrorUs, Is.Null);
    }

    [Test]
    public async Task A_report_is_of_the_instant_that_it_is_asked_for_however_late_the_player_comes_to_answer()
    {
        var clock = new RoomClockSnapshot(Guid.NewGuid(), 0, 0, 0, 5, 100, true);
        await using var player = Player.Start(new PlayerOptions { Output = OutputKind.Null }, TimeProvider.System, () => clock, _ => { });
        var nowUs = TimeProvider.System.NowUs();
        player.SetTimeline(new TimelinePair(new Timeline(1, 1, clock.ClockId, PlaybackStatus.Play, null, nowUs - 9_000_000, 2_000_000), null));
        Assert.That(player.Report(nowUs - 1_000_000).PositionUs, Is.EqualTo(10_000_000));
        Assert.That(player.Report().PositionUs, Is.GreaterThanOrEqualTo(11_000_000));
    }

    [Test]
    public async Task A_player_that_waits_for_bytes_can_be_closed()
    {
        using var asked = new SemaphoreSlim(0);
        var player = Player.Start(
            new PlayerOptions { Output = OutputKind.Null }, TimeProvider.System, () => RoomClockSnapshot.None, _ => { });
        player.SetTrack("x", () => new Waiting(asked));
        await asked.WaitAsync();
        await player.DisposeAsync();
        Assert.That(player.BufferUs, Is.Zero);
    }

    private static int DataBytes(byte[] header)
    {
        Assert.That(header.AsSpan(0, 4).SequenceEqual("RIFF"u8), Is.True);
        var data = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(40));
        Assert.That(BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)), Is.EqualTo(data + 36));
        return data;
    }

    /// <summary>Checks that blocks follow each other.</summary>
    private sealed class CountingRenderer(int blocks) : IFrameRenderer
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _next = -1;
        private int _count;

        public Task Reached => _reached.Task;

        public bool IsGapless { get; private set; } = true;

        public long FirstFrame { get; private set; }

        public double HeardAtUs { get; private set; }

        public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;

        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
        {
            if (_next < 0)
                (FirstFrame, HeardAtUs) = (firstFrame, clock.HeardAtUs(firstFrame));
            else
                IsGapless &= firstFrame == _next;
            output.Fill(0.25f);
            _next = firstFrame + output.Length / 2;
            if (++_count == blocks)
                _reached.TrySetResult();
        }
    }

    /// <summary>A track none of whose bytes ever come.</summary>
    private sealed class Waiting(SemaphoreSlim asked) : ITrackReader
    {
        public long LengthBytes => 1_000_000;

        public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
        {
            asked.Release();
            cancellationToken.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
