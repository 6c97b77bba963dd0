using Jam.Peer.Audio;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NAudio.Wave;

namespace Jam.Tests.Audio;

/// <summary>NAudio's players in virtual time: four periods of queue, and either what ALSA tells of it or what WASAPI does.</summary>
internal sealed class NAudioRig : OutputRig
{
    private readonly ManualTimeProvider _time = new();
    private readonly Player _player;
    private readonly NAudioOutput _output;

    public NAudioRig(bool byPosition)
    {
        _player = byPosition ? new PositionPlayer(_time) : new LatencyPlayer(_time);
        _output = new NAudioOutput(_time, _player, "NAudio, rig", "rig");
    }

    public override IAudioOutput Output => _output;

    public override double TrulyHeardAtUs(long frame) => _player.HeardAtUs(frame);

    public override void Run(long us)
    {
        for (var end = _time.NowUs() + us; _time.NowUs() < end;)
        {
            _player.Fill();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    public override void Starve() => _time.Advance(TimeSpan.FromMilliseconds(400));

    /// <summary>The device fails.</summary>
    public void Fail(string why) => _player.Fail(new IOException(why));

    /// <summary>Sounds from the first period on, and again so after it ran dry.</summary>
    private abstract class Player(ManualTimeProvider time) : IWavePlayer
    {
        private const int PeriodFrames = 1024;
        private const double PeriodUs = 1e6 / (48_000 * (1 + Ppm * 1e-6));
        private readonly byte[] _period = new byte[PeriodFrames * 8];
        private IWaveProvider? _source;
        private double _zeroUs = double.NaN;

        public event EventHandler<StoppedEventArgs>? PlaybackStopped;

        public float Volume { get; set; } = 1;

        public PlaybackState PlaybackState { get; private set; }

        public WaveFormat OutputWaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(48_000, 2);

        protected long Written { get; private set; }

        protected double Played => double.IsNaN(_zeroUs) ? Written : Math.Min(Written, (time.NowUs() - _zeroUs) / PeriodUs);

        public double HeardAtUs(long frame) => _zeroUs + frame * PeriodUs;

        public void Init(IWaveProvider waveProvider) => _source = waveProvider;

        public void Play() => PlaybackState = PlaybackState.Playing;

        public void Stop() => PlaybackState = PlaybackState.Stopped;

        public void Pause() => throw new NotSupportedException();

        public void Dispose() => Stop();

        public void Fail(Exception problem)
        {
            Stop();
            PlaybackStopped?.Invoke(this, new StoppedEventArgs(problem));
        }

        public void Fill()
        {
            if (PlaybackState != PlaybackState.Playing)
                return;
            if (!double.IsNaN(_zeroUs) && time.NowUs() > HeardAtUs(Written))
                _zeroUs = double.NaN;
            while (Written - Played <= 3 * PeriodFrames)
            {
                _source!.Read(_period);
                var before = Written;
                Written += PeriodFrames;
                if (double.IsNaN(_zeroUs))
                    _zeroUs = time.NowUs() - before * PeriodUs;
            }
        }
    }

    private sealed class LatencyPlayer(ManualTimeProvider time) : Player(time), IWaveLatency
    {
        public TimeSpan AverageLatency => TimeSpan.FromSeconds(4096.0 / 48_000);

        public TimeSpan CurrentLatency => TimeSpan.FromSeconds(Math.Floor(Written - Played) / 48_000);
    }

    private sealed class PositionPlayer(ManualTimeProvider time) : Player(time), IWavePosition
    {
        public long GetPosition() => (long)Played * OutputWaveFormat.BlockAlign;
    }
}
