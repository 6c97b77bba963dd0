using System.Runtime.InteropServices;
using Jam.Peer.Audio;
using Jam.Peer.Playback;
using Jam.Tests.Storage;
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
    public async Task What_is_rendered_reaches_the_device_frame_for_frame(CancellationToken ct)
    {
        using var folder = new TempFolder();
        var path = Path.Combine(folder.Path, "heard.raw");
        // ALSA's own plug-in that writes down what it is given, in front of its null device.
        var (output, error) = AlsaOutput.Open(TimeProvider.System, $"file:'{path}',raw");
        if (!HasLibrary)
        {
            Assert.That(error, Is.EqualTo("libasound2 is missing (apt-get install libasound2)"));
            return;
        }
        Assert.That(error, Is.Null);
        var frames = new Frames();
        await using (output!)
        {
            output!.Start(frames);
            await frames.Reached.WaitAsync(ct);
        }
        var heard = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(path, ct)).ToArray();
        // Before it was given a renderer it played silence.
        var first = Array.FindIndex(heard, sample => sample != 0) / 2;
        var begun = (int)Math.Round(heard[2 * first + 1] * Frames.Period);
        Assert.That(heard, Has.Length.GreaterThan(2 * (first + 90_000)));
        for (var frame = 0; frame < 90_000; frame++)
        {
            Assert.That(heard[2 * (first + frame) + 1], Is.EqualTo(Frames.Right(begun + frame)), $"frame {frame}");
            Assert.That(heard[2 * (first + frame)], Is.EqualTo(-Frames.Right(begun + frame)), $"frame {frame}");
        }
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
        public const int Period = 1 << 18;

        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _next = -1;

        public Task Reached => _reached.Task;

        public bool IsGapless { get; private set; } = true;

        public static float Right(long frame) => (float)(frame % Period) / Period;

        public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;

        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
        {
            IsGapless &= _next < 0 || firstFrame == _next;
            for (var i = 0; i < output.Length; i += 2)
            {
                output[i + 1] = Right(firstFrame + i / 2);
                output[i] = -output[i + 1];
            }
            _next = firstFrame + output.Length / 2;
            if (_next > 100_000)
                _reached.TrySetResult();
        }
    }
}
