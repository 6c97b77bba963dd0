using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Aac;

/// <summary>
/// An ffmpeg that gets frames of AAC at one end and gives stereo floats at the other. It reads nothing but its standard input, as ADTS
/// and nothing else. One thread feeds it, waiting for bytes that are not here; another takes what comes, no more than fits.
/// A frame that it cannot decode it leaves out, and all that follows would be heard too early: so it fills by the frames' own count.
/// </summary>
internal sealed class FfmpegPipe : IDisposable
{
    /// <summary>Kept decoded, bytes: a good second.</summary>
    private const int MaxKept = 512 * 1024;

    private const int MaxHeader = 4096;

    /// <summary>Silence in the place of frames that are missing, of 5 ms at least; no frame is shorter.</summary>
    private const string Filling = "aresample=async=1:min_hard_comp=0.005:first_pts=0";

    /// <summary>It looks at so much beyond two frames before it begins; of less it does not count the first.</summary>
    private const int LookBytes = 2048;

    private readonly ITrackReader _reader;
    private readonly Mp4Track _track;
    private readonly Process _process;
    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();
    private readonly Queue<byte[]> _kept = new();
    private readonly Thread[] _threads;
    private int _keptBytes;
    private int _headOffset;
    private int? _rate;
    private bool _hasEnded;
    private int _lost;

    /// <summary>Starts at a frame.</summary>
    /// <param name="program">ffmpeg.</param>
    /// <param name="reader">The track's bytes.</param>
    /// <param name="track">Where its frames stand.</param>
    /// <param name="firstFrame">The first that it gets.</param>
    /// <param name="fills">Whether silence stands for what cannot be decoded; not where an extension doubles the rate that frames announce.</param>
    /// <exception cref="JamException">ffmpeg cannot be started.</exception>
    public FfmpegPipe(string program, ITrackReader reader, Mp4Track track, int firstFrame, bool fills)
    {
        (_reader, _track) = (reader, track);
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        var look = LookBytes + track.Sizes.Skip(firstFrame).Take(2).Sum();
        var filter = fills ? $"-af {Filling} " : "";
        foreach (var argument in string.Create(
            CultureInfo.InvariantCulture,
            $"-v error -protocol_whitelist pipe -probesize {look} -analyzeduration 0 -f aac -i pipe:0 -ac 2 {filter}-c:a pcm_f32le -flush_packets 1 -f wav pipe:1").Split(' '))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new JamException($"{program} cannot be started: {e.Message}", e);
        }

        _threads =
        [
            new Thread(() => Feed(firstFrame)) { IsBackground = true, Name = "aac in" },
            new Thread(Drain) { IsBackground = true, Name = "aac out" },
            new Thread(Listen) { IsBackground = true, Name = "aac errors" },
        ];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>Any thread: frames that could not be decoded so far; all that it met, once it is disposed.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>The program, where it is installed; null where it is not.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg"))
        .FirstOrDefault(File.Exists);

    /// <summary>Frames per second of what comes out; waits for the first. 0 where nothing does.</summary>
    public int Rate(CancellationToken cancellationToken)
    {
        Await(() => _rate is not null || _hasEnded, cancellationToken);
        return _rate ?? 0;
    }

    /// <summary>Takes decoded frames, waiting for the first of them. 0 at the end.</summary>
    public int Read(Span<float> stereo, CancellationToken cancellationToken)
    {
        Await(() => _keptBytes >= 8 || _hasEnded, cancellationToken);
        lock (_gate)
        {
            var target = MemoryMarshal.AsBytes(stereo);
            target = target[..(Math.Min(target.Length, _keptBytes) / 8 * 8)];
            var bytes = target.Length;
            while (target.Length > 0)
            {
                var head = _kept.Peek().AsSpan(_headOffset);
                var count = Math.Min(head.Length, target.Length);
                head[..count].CopyTo(target);
                target = target[count..];
                _headOffset += count;
                _keptBytes -= count;
                if (count < head.Length)
                    break;
                _kept.Dequeue();
                _headOffset = 0;
            }

            Monitor.PulseAll(_gate);
            return bytes / 8;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        lock (_gate)
        {
            _hasEnded = true;
            Monitor.PulseAll(_gate);
        }

        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
            _hasEnded = true;
        }

        foreach (var thread in _threads)
            thread.Join();
        _process.Dispose();
        _stop.Dispose();
    }

    private void Await(Func<bool> condition, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() =>
        {
            lock (_gate)
                Monitor.PulseAll(_gate);
        });
        lock (_gate)
        {
            while (!condition())
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }
        }
    }

    private void Feed(int frame)
    {
        try
        {
            using var input = _process.StandardInput.BaseStream;
            var buffer = new byte[Adts.HeaderBytes + Adts.MaxPayload];
            for (; frame < _track.Sizes.Length; frame++)
            {
                var size = _track.Sizes[frame];
                Adts.Write(buffer, _track.Config, size);
                for (var done = 0; done < size;)
                {
                    var read = _reader.Read(_track.Offsets[frame] + done, buffer.AsSpan(Adts.HeaderBytes + done, size - done), _stop.Token);
                    if (read <= 0)
                        return;
                    done += read;
                }

                input.Write(buffer, 0, Adts.HeaderBytes + size);
                input.Flush();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It is not needed any more, it has ended, or the track cannot be read: whoever reads sees the end.
            return;
        }
    }

    private void Drain()
    {
        try
        {
            using var output = _process.StandardOutput.BaseStream;
            var header = new List<byte>();
            var buffer = new byte[16 * 1024];
            for (int count; (count = output.Read(buffer)) > 0;)
            {
                var bytes = buffer.AsSpan(0, count).ToArray();
                if (_rate is null)
                {
                    header.AddRange(bytes);
                    if (header.Count > MaxHeader + buffer.Length || (bytes = AfterHeader([.. header])) is null)
                        continue;
                }

                Keep(bytes);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // As above.
            _hasEnded = true;
        }

        lock (_gate)
        {
            _hasEnded = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Listen()
    {
        try
        {
            // One such line for each frame, beside what the decoder says of it.
            while (_process.StandardError.ReadLine() is { } line)
            {
                if (line.StartsWith("Error ", StringComparison.Ordinal) || line.Contains("] Error submitting", StringComparison.Ordinal))
                    Interlocked.Increment(ref _lost);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // As above.
            return;
        }
    }

    private void Keep(byte[] bytes)
    {
        lock (_gate)
        {
            while (_keptBytes >= MaxKept && !_stop.IsCancellationRequested)
                Monitor.Wait(_gate);
            if (bytes.Length > 0)
                _kept.Enqueue(bytes);
            _keptBytes += bytes.Length;
            Monitor.PulseAll(_gate);
        }
    }

    // The rate stands in "fmt ", the sound behind "data" and its length.
    private byte[]? AfterHeader(byte[] header)
    {
        var format = header.AsSpan().IndexOf("fmt "u8);
        var data = header.AsSpan().IndexOf("data"u8);
        if (format < 0 || data < format || header.Length < data + 8)
            return null;
        lock (_gate)
            _rate = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(format + 12));
        return header[(data + 8)..];
    }
}
