using Jam.Peer.Playback;
using Jam.Peer.Session;
using NAudio.SoundFile;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>A sound file as NAudio.SoundFile reads it, which finds libsndfile on Windows and macOS too.</summary>
internal sealed class NAudioSoundFile : ISoundFile
{
    private readonly TrackStream _stream;
    private readonly SoundFileReader _reader;
    private readonly int _frameBytes;

    private NAudioSoundFile(TrackStream stream, SoundFileReader reader, bool isOgg)
    {
        (_stream, _reader, NeedsSettling) = (stream, reader, isOgg);
        _frameBytes = reader.WaveFormat.BlockAlign;
    }

    public int SampleRate => _reader.WaveFormat.SampleRate;

    public int Channels => _reader.WaveFormat.Channels;

    public long Frames => _reader.Length / _frameBytes;

    /// <summary>NAudio does not say which codec it is; for those of Ogg that need none it is a little work in vain.</summary>
    public bool NeedsSettling { get; }

    /// <summary>NAudio does not pass a file's channel map on.</summary>
    public Speaker[] Layout => StereoMix.Usual(Channels);

    /// <inheritdoc cref="OpenSoundFile"/>
    public static ISoundFile? Open(TrackBytes bytes, out string? error)
    {
        Span<byte> head = stackalloc byte[4];
        var isOgg = bytes.Read(head) == head.Length && head.SequenceEqual("OggS"u8);
        bytes.Seek(0, SeekOrigin.Begin);
        var stream = new TrackStream(bytes);
        try
        {
            error = null;
            return new NAudioSoundFile(stream, new SoundFileReader(stream), isOgg);
        }
        catch (SoundFileException e)
        {
            stream.Dispose();
            error = e.Message.Trim().TrimEnd('.').ReplaceLineEndings(" ");
            return null;
        }
        catch (DllNotFoundException e)
        {
            stream.Dispose();
            throw new JamException("libsndfile is missing: apt-get install libsndfile1, or on Windows put sndfile.dll beside the program", e);
        }
    }

    public long Seek(long frame)
    {
        try
        {
            _reader.Position = frame * _frameBytes;
            return _reader.Position / _frameBytes;
        }
        catch (Exception e) when (e is SoundFileException or InvalidOperationException)
        {
            return -1;
        }
    }

    public int Read(float[] block, int count, out bool hasFailed)
    {
        try
        {
            hasFailed = false;
            return _reader.Read(block.AsSpan(0, count * Channels)) / Channels;
        }
        catch (SoundFileException)
        {
            hasFailed = true;
            return 0;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }

    private sealed class TrackStream(TrackBytes bytes) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position
        {
            get => bytes.Position;
            set => bytes.Seek(value, SeekOrigin.Begin);
        }

        public override int Read(Span<byte> buffer) => bytes.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => bytes.Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => bytes.Seek(offset, origin);

        public override void Flush()
        {
            // It is only read.
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
