using System.Buffers.Binary;

namespace Jam.Peer.Audio;

/// <summary>Writes a 16-bit stereo WAV. Its header is brought up once a second, so that a killed process leaves a file that plays.</summary>
internal sealed class WavFileWriter : IDisposable
{
    private const int HeaderBytes = 44;
    private const int BytesPerFrame = 4;

    private readonly FileStream _file;
    private readonly int _rate;
    private byte[] _bytes = new byte[4096];
    private long _frames;
    private long _framesInHeader;

    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    public WavFileWriter(string path, int rate)
    {
        _rate = rate;
        // No buffer in the process: what was written survives its death.
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 0);
        WriteHeader();
    }

    /// <summary>Appends interleaved stereo, clipped to -1 to 1.</summary>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void Write(ReadOnlySpan<float> stereo)
    {
        var length = stereo.Length * sizeof(short);
        if (_bytes.Length < length)
            _bytes = new byte[length];
        for (var i = 0; i < stereo.Length; i++)
        {
            var sample = (short)Math.Round(Math.Clamp(stereo[i], -1f, 1f) * short.MaxValue);
            BinaryPrimitives.WriteInt16LittleEndian(_bytes.AsSpan(2 * i), sample);
        }
        _file.Write(_bytes, 0, length);
        _frames += stereo.Length / 2;
        if (_frames - _framesInHeader >= _rate)
            WriteHeader();
    }

    public void Dispose()
    {
        WriteHeader();
        _file.Dispose();
    }

    private void WriteHeader()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        // Beyond 4 GiB the fields cannot say more; players go on to the end of the file.
        var data = (uint)Math.Min(_frames * BytesPerFrame, uint.MaxValue - HeaderBytes);
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], data + HeaderBytes - 8);
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(header[22..], 2);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], _rate);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], _rate * BytesPerFrame);
        BinaryPrimitives.WriteInt16LittleEndian(header[32..], BytesPerFrame);
        BinaryPrimitives.WriteInt16LittleEndian(header[34..], 16);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], data);
        _file.Position = 0;
        _file.Write(header);
        _file.Position = HeaderBytes + _frames * BytesPerFrame;
        _framesInHeader = _frames;
    }
}
