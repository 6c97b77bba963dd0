using Jam.Peer.Audio;
using Jam.Tests.Playback;

namespace Jam.Tests.Audio;

/// <summary>An output on a device in virtual time, of which is known what it truly does.</summary>
internal abstract class OutputRig : IAsyncDisposable
{
    /// <summary>How far off its nominal rate the device runs.</summary>
    public const double Ppm = 60;

    public abstract IAudioOutput Output { get; }

    /// <summary>When a frame is truly heard.</summary>
    public abstract double TrulyHeardAtUs(long frame);

    /// <summary>Time passes.</summary>
    public abstract void Run(long us);

    /// <summary>Nobody fills the queue for so long that it runs dry.</summary>
    public abstract void Starve();

    public virtual ValueTask DisposeAsync() => Output.DisposeAsync();

    /// <summary>Every kind of output that can run so; the first is the model that the contract is proven by.</summary>
    public static IEnumerable<Func<OutputRig>> All()
    {
        yield return () => new SimulatedRig();
#if USE_NAUDIO
        yield return () => new NAudioRig(byPosition: false);
        yield return () => new NAudioRig(byPosition: true);
#endif
    }

    /// <summary>The device of the playout's own tests, as an output.</summary>
    private sealed class SimulatedRig : OutputRig
    {
        private const int PeriodFrames = 480;
        private readonly SimulatedDevice _device = new(48_000, Ppm, noiseUs: 5);
        private readonly SimulatedOutput _output;

        public SimulatedRig() => _output = new SimulatedOutput(_device);

        public override IAudioOutput Output => _output;

        public override double TrulyHeardAtUs(long frame) => _device.TrulyHeardAtUs(frame);

        public override void Run(long us) => _device.Run(us, PeriodFrames, _output.Render);

        public override void Starve()
        {
            _device.Starve(400_000);
            _output.Underruns++;
        }
    }

    private sealed class SimulatedOutput(SimulatedDevice device) : IAudioOutput
    {
        private IFrameRenderer? _renderer;

        public string Name => "simulated";

        public bool IsAudible => true;

        public string? DeviceId => null;

        public int SampleRate => device.Rate;

        public int Underruns { get; set; }

        public Task<string> Lost { get; } = new TaskCompletionSource<string>().Task;

        public void Start(IFrameRenderer renderer) => _renderer = renderer;

        public void Refresh()
        {
        }

        public void Render(long first, int frames) => _renderer?.Render(new float[2 * frames], first, device.NowUs, device.Clock);

        public ValueTask DisposeAsync()
        {
            _renderer = null;
            return ValueTask.CompletedTask;
        }
    }
}
