using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using CommandLine;
using Jam.Peer.Audio;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using static System.FormattableString;

namespace Jam.Bench;

/// <summary>What <c>tools/bench/sound</c> takes.</summary>
[Verb("sound")]
internal sealed class SoundArguments
{
    [Value(0, MetaName = "FILE", HelpText = "What is decoded (default: the demo track).")]
    public IEnumerable<string> Files { get; set; } = [];

    [Option("track", Hidden = true, Required = true)]
    public string Track { get; set; } = "";

    [Option("seconds", Default = 600, MetaValue = "N", HelpText = "Seconds of sound for each file; a shorter one is played again.")]
    public int Seconds { get; set; }

    [Option("limit", Default = 1.0, MetaValue = "PERCENT", HelpText = "Exit code 1 where decoding and resampling take more of a core.")]
    public double Limit { get; set; }

    [Option("json", HelpText = "One JSON object on standard output.")]
    public bool Json { get; set; }
}

/// <summary>One file.</summary>
/// <param name="File">Its name.</param>
/// <param name="DecodePercent">Of a core, while it plays.</param>
/// <param name="ResamplePercent">The same for bringing it to 48 kHz.</param>
/// <param name="BytesPerBlock">Allocated for each block of 10 ms.</param>
internal sealed record SoundCost(string File, double DecodePercent, double ResamplePercent, double BytesPerBlock);

/// <summary>All that was measured.</summary>
/// <param name="Files">Each file.</param>
/// <param name="TimingNs">For each reading of an output's timing, nanoseconds.</param>
/// <param name="TimingPercent">Of a core, at fifty readings a second.</param>
internal sealed record SoundCosts(IReadOnlyList<SoundCost> Files, double TimingNs, double TimingPercent);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SoundCosts))]
internal sealed partial class SoundJson : JsonSerializerContext;

/// <summary>What playing costs beside the sound server: processor time of the whole process, the garbage collector's with it.</summary>
internal static class SoundBench
{
    private const int OutputRate = 48_000;
    private const int BlockFrames = OutputRate / 100;
    private const int Readings = 2_000_000;
    private const int ReadingsPerSecond = 50;

    public static int Run(SoundArguments arguments, CancellationToken stop)
    {
        string[] files = [.. arguments.Files];
        var costs = new SoundCosts(
            [.. (files.Length > 0 ? files : [arguments.Track]).Select(file => CostOf(file, arguments.Seconds, stop))], TimingNs(), 0);
        costs = costs with { TimingPercent = costs.TimingNs * ReadingsPerSecond / 1e9 * 100 };
        if (arguments.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(costs, SoundJson.Default.SoundCosts));
        }
        else
        {
            foreach (var cost in costs.Files)
            {
                Console.WriteLine(Invariant(
                    $"{cost.File}: decoding {cost.DecodePercent:0.00} % of a core, resampling to 48 kHz {cost.ResamplePercent:0.00} %, {cost.BytesPerBlock:0.##} bytes allocated a block of 10 ms"));
            }
            Console.WriteLine(Invariant($"timing: {costs.TimingNs:0} ns a reading, {costs.TimingPercent:0.0000} % of a core"));
        }
        return costs.Files.All(cost => cost.DecodePercent + cost.ResamplePercent <= arguments.Limit) ? 0 : 1;
    }

    private static SoundCost CostOf(string file, int seconds, CancellationToken stop)
    {
        using var reader = new FileTrackReader(file);
        using var decoder = DecoderFactory.Open(reader, out var error, stop) ?? throw new JamException($"{file}: {error}");
        var source = new float[2 * decoder.SampleRate / 100];
        var blocks = seconds * 100;
        // What is made, and compiled, on first use is not what is measured.
        Decode(decoder, source, 500, stop);
        var resampling = new Resampling(decoder.SampleRate);
        resampling.Run(500);
        GC.Collect();
        var (bytes, cpu) = (GC.GetTotalAllocatedBytes(true), Cpu());
        Decode(decoder, source, blocks, stop);
        var decoded = Cpu() - cpu;
        cpu = Cpu();
        resampling.Run(blocks);
        var resampled = Cpu() - cpu;
        return new SoundCost(
            Path.GetFileName(file), 100 * decoded.TotalSeconds / seconds, 100 * resampled.TotalSeconds / seconds,
            (GC.GetTotalAllocatedBytes(true) - bytes) / (double)blocks);
    }

    private static void Decode(ITrackDecoder decoder, float[] block, int blocks, CancellationToken stop)
    {
        for (var i = 0; i < blocks; i++)
        {
            if (decoder.Read(block, stop) == 0)
                decoder.SeekFrames(0, stop);
        }
    }

    private static double TimingNs()
    {
        var sieve = new TimingSieve(new WriteClock(OutputRate));
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Readings; i++)
            sieve.Add(960L * i, 20_000.0 * i, 20 + i % 7, 50_000);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Readings;
    }

    private static TimeSpan Cpu()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private sealed class Resampling
    {
        private readonly SincKernel _kernel;
        private readonly double _step;
        private readonly float[] _left;
        private readonly float[] _right;
        private readonly float[] _output = new float[2 * BlockFrames];

        public Resampling(int rate)
        {
            // As if the device were 30 millionths off.
            _step = (double)rate / OutputRate * (1 + 30e-6);
            _kernel = new SincKernel((double)rate / OutputRate);
            _left = new float[SincResampler.FramesNeeded(_kernel, 1, _step, BlockFrames) + 1];
            _right = new float[_left.Length];
            for (var i = 0; i < _left.Length; i++)
                (_left[i], _right[i]) = ((float)Math.Sin(0.1 * i), (float)Math.Cos(0.1 * i));
        }

        public void Run(int blocks)
        {
            var position = 0.0;
            for (var i = 0; i < blocks; i++)
            {
                _output.AsSpan().Clear();
                SincResampler.AddTo(_kernel, _left, _right, position - Math.Floor(position), _step, _output, 1, 0);
                position += BlockFrames * _step;
            }
        }
    }
}
