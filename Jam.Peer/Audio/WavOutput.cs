using System.Globalization;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>
/// A WAV file, written in real time. Beside it stands PATH.json with the instant of frame 0, so that the files of several peers can be
/// laid over each other: on the local monotonic clock, and on the wall clock where the monotonic ones are not comparable.
/// </summary>
internal sealed class WavOutput : PacedOutput
{
    private readonly WavFileWriter _file;

    private WavOutput(TimeProvider time, string path, WavFileWriter file)
        : base(time, "wav output")
    {
        _file = file;
        Name = $"wav:{path}";
    }

    public override string Name { get; }

    /// <exception cref="JamException">The file cannot be written.</exception>
    public static WavOutput Open(TimeProvider time, string path)
    {
        WavFileWriter? file = null;
        try
        {
            file = new WavFileWriter(path, Rate);
            var output = new WavOutput(time, path, file);
            File.WriteAllText(path + ".json", output.Describe(time));
            output.Begin();
            return output;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            file?.Dispose();
            throw new JamException($"cannot write {path}: {e.Message}", e);
        }
    }

    protected override void Write(ReadOnlySpan<float> stereo) => _file.Write(stereo);

    protected override void Close() => _file.Dispose();

    private string Describe(TimeProvider time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"rate\":{SampleRate},\"first_frame_local_us\":{StartUs},\"first_frame_unix_us\":{WallClock.ToUnixUs(time, StartUs)}}}\n");
}
