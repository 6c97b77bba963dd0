using System.Runtime.InteropServices;
using Jam.Peer.Audio;
using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>ALSA, where its library is: its null device takes everything. Where it is not: the line that says so.</summary>
[CancelAfter(30_000)]
public sealed class AlsaOutputTests
{
    private static bool HasLibrary => NativeLibrary.TryLoad("libasound.so.2", out _);

    [Test]
    public async Task The_null_device_is_given_frame_after_frame(CancellationToken ct)
    {
        var (output, error) = AlsaOutput.Open(TimeProvider.System, "null");
        if (!HasLibrary)
        {
            Assert.That((output, error), Is.EqualTo(((IAudioOutput?)null, "libasound2 is missing (apt-get install libasound2)")));
            return;
        }
        Assert.That(error, Is.Null);
        await using var playing = output!;
        Assert.That((playing.Name, playing.DeviceId, playing.IsAudible, playing.SampleRate), Is.EqualTo(("ALSA, null", "alsa:null", true, 48_000)));
        var frames = new Frames();
        playing.Start(frames);
        await frames.Reached.WaitAsync(ct);
        Assert.That(frames.IsGapless, Is.True);
        Assert.That(playing.Lost.IsCompleted, Is.False);
    }

    [Test]
    public void A_device_that_is_not_there_is_one_line()
    {
        var (output, error) = AlsaOutput.Open(TimeProvider.System, "no such device");
        Assert.That(output, Is.Null);
        Assert.That(error, Does.Contain(HasLibrary ? "ALSA cannot open no such device" : "libasound2 is missing"));
    }

    private sealed class Frames : IFrameRenderer
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _next = -1;

        public Task Reached => _reached.Task;

        public bool IsGapless { get; private set; } = true;

        public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;

        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
        {
            IsGapless &= _next < 0 || firstFrame == _next;
            output.Clear();
            _next = firstFrame + output.Length / 2;
            if (_next > 100_000)
                _reached.TrySetResult();
        }
    }
}
