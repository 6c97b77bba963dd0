using Jam.Peer.Playback;
using Microsoft.Win32.SafeHandles;

namespace Jam.Peer.Audio;

/// <summary>The bytes of a file that is complete.</summary>
internal sealed class FileTrackReader : ITrackReader, IDisposable
{
    private readonly SafeFileHandle _file;

    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened, or is a folder.</exception>
    public FileTrackReader(string path)
    {
        _file = File.OpenHandle(path);
        LengthBytes = RandomAccess.GetLength(_file);
    }

    public long LengthBytes { get; }

    public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken) =>
        offset >= LengthBytes ? 0 : RandomAccess.Read(_file, buffer, offset);

    public void Dispose() => _file.Dispose();
}
