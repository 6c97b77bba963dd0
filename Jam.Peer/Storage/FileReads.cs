using Microsoft.Win32.SafeHandles;

namespace Jam.Peer.Storage;

/// <summary>Reading that does not stop half-way.</summary>
internal static class FileReads
{
    /// <summary>Fills a buffer from a file.</summary>
    /// <exception cref="IOException">The file ends before the buffer does.</exception>
    public static int ReadFully(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        for (var done = 0; done < buffer.Length;)
        {
            var read = RandomAccess.Read(file, buffer[done..], offset + done);
            if (read == 0)
                throw new IOException($"the file ends at byte {offset + done}");
            done += read;
        }

        return buffer.Length;
    }
}
