using System.Collections.Concurrent;
using System.Threading.Channels;
using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>A device that is lost and found again, and what is saved for it.</summary>
[CancelAfter(30_000)]
public sealed class OutputSwitchTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task A_device_that_is_lost_is_silence_with_one_line_and_comes_back_with_one(CancellationToken ct)
    {
        var desk = new Desk(_folder.Path);
        await using var output = desk.Switch;
        Assert.That(await desk.SaidAsync(ct), Is.EqualTo("sound: speaker 1"));
        output.Volume = 0.5;
        desk.Opener.IsPlugged = false;
        desk.Opener.Last!.Lose("its cable is out");
        Assert.That(await desk.SaidAsync(ct), Is.EqualTo("sound lost: its cable is out; silent until it is back"));
        await desk.UntilAsync(() => !output.Report().IsAudible, ct);
        await desk.UntilAsync(() => desk.Opener.Tries >= 3, ct);
        desk.Opener.IsPlugged = true;
        Assert.That(await desk.SaidAsync(ct), Is.EqualTo("sound: speaker 2"));
        Assert.That((output.Report().Name, output.Report().IsAudible, output.Volume), Is.EqualTo(("speaker 2", true, 0.5)));
        Assert.That(desk.Opener.Opened[0].IsClosed, Is.True);
    }

    [Test]
    public async Task Without_a_device_a_peer_that_did_not_ask_for_one_plays_silently_and_asks_no_more(CancellationToken ct)
    {
        var desk = new Desk(_folder.Path, plugged: false);
        await using var output = desk.Switch;
        Assert.That(await desk.SaidAsync(ct), Does.StartWith("no sound device: no such speaker"));
        await desk.UntilAsync(() => desk.Time.GetTimestamp() > 20_000_000, ct);
        Assert.That(desk.Opener.Tries, Is.EqualTo(1));
    }

    [Test]
    public async Task A_latency_is_saved_for_the_device_and_used_when_it_comes_again(CancellationToken ct)
    {
        var desk = new Desk(_folder.Path);
        await using (var output = desk.Switch)
        {
            await desk.SaidAsync(ct);
            Assert.That(output.SetLatency(42.5, save: true), Is.EqualTo("latency 42.5 ms, saved for speaker"));
            Assert.That(output.SetLatency(50, save: false), Is.EqualTo("latency 50 ms"));
            Assert.That(output.Report().LatencyMs, Is.EqualTo(50));
        }

        var next = new Desk(_folder.Path);
        await using var again = next.Switch;
        await next.SaidAsync(ct);
        Assert.That(again.Report().LatencyMs, Is.EqualTo(42.5));
    }

    [Test]
    public async Task A_latency_on_the_command_line_counts_more_than_the_saved_one(CancellationToken ct)
    {
        new LatencyStore(_folder.Path, _ => { }).Save("speaker", 42.5);
        var desk = new Desk(_folder.Path, latencyMs: 7);
        await using var output = desk.Switch;
        await desk.SaidAsync(ct);
        Assert.That(output.Report().LatencyMs, Is.EqualTo(7));
    }

    [Test]
    public async Task A_server_that_moves_the_sound_to_another_device_brings_that_device_s_latency(CancellationToken ct)
    {
        new LatencyStore(_folder.Path, _ => { }).Save("phones", 12);
        var desk = new Desk(_folder.Path);
        await using var output = desk.Switch;
        await desk.SaidAsync(ct);
        desk.Opener.Last!.DeviceId = "phones";
        Assert.That(await desk.SaidAsync(ct), Does.StartWith("sound: "));
        Assert.That(output.Report().LatencyMs, Is.EqualTo(12));
    }

    [Test]
    public async Task Whatever_changes_the_sound_has_the_queue_looked_at(CancellationToken ct)
    {
        var desk = new Desk(_folder.Path);
        await using var output = desk.Switch;
        await desk.SaidAsync(ct);
        var fake = desk.Opener.Last!;
        Action[] changes =
        [
            () => output.SetTimeline(null), () => output.SetTrack(null), () => output.Volume = 0.3, () => output.SetLatency(3, save: false),
            () => output.Clicks = ClickPattern.First,
        ];
        foreach (var change in changes)
        {
            var before = fake.Refreshes;
            change();
            Assert.That(fake.Refreshes, Is.EqualTo(before + 1));
        }
        output.OnDecoded();
        Assert.That(fake.Refreshes, Is.EqualTo(changes.Length), "nothing was missing");
    }

    /// <summary>A switch on virtual time, which a wait moves on.</summary>
    private sealed class Desk
    {
        private readonly Channel<string> _said = Channel.CreateUnbounded<string>();

        public Desk(string folder, bool plugged = true, double? latencyMs = null)
        {
            Opener = new FakeOpener { IsPlugged = plugged };
            Switch = OutputSwitch.Start(
                new PlayerOptions { ConfigFolder = folder, LatencyMs = latencyMs }, Time, () => RoomClockSnapshot.None,
                line => _said.Writer.TryWrite(line), Opener);
        }

        public ManualTimeProvider Time { get; } = new();

        public FakeOpener Opener { get; }

        public OutputSwitch Switch { get; }

        public async Task<string> SaidAsync(CancellationToken ct)
        {
            string? line = null;
            await UntilAsync(() => _said.Reader.TryRead(out line), ct);
            return line!;
        }

        public async Task UntilAsync(Func<bool> condition, CancellationToken ct)
        {
            while (!condition())
            {
                ct.ThrowIfCancellationRequested();
                Time.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Yield();
            }
        }
    }

    private sealed class FakeOpener : ISoundOpener
    {
        private int _tries;

        public volatile bool IsPlugged;

        public ConcurrentQueue<FakeOutput> All { get; } = new();

        public FakeOutput[] Opened => [.. All];

        public FakeOutput? Last => All.LastOrDefault();

        public int Tries => Volatile.Read(ref _tries);

        public bool Insists => false;

        public Task<(IAudioOutput? Output, string? Error)> OpenAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _tries);
            if (!IsPlugged)
                return Task.FromResult<(IAudioOutput?, string?)>((null, "no such speaker"));
            var output = new FakeOutput($"speaker {All.Count + 1}");
            All.Enqueue(output);
            return Task.FromResult<(IAudioOutput?, string?)>((output, null));
        }
    }

    private sealed class FakeOutput(string name) : IAudioOutput
    {
        private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string _device = "speaker";
        private int _refreshes;

        public string Name => name;

        public bool IsAudible => true;

        public string? DeviceId
        {
            get => _device;
            set => _device = value!;
        }

        public int SampleRate => 48_000;

        public int Underruns => 0;

        public Task<string> Lost => _lost.Task;

        public int Refreshes => Volatile.Read(ref _refreshes);

        public bool IsClosed { get; private set; }

        public void Lose(string why) => _lost.TrySetResult(why);

        public void Start(IFrameRenderer renderer)
        {
        }

        public void Refresh() => Interlocked.Increment(ref _refreshes);

        public ValueTask DisposeAsync()
        {
            IsClosed = true;
            return ValueTask.CompletedTask;
        }
    }
}
