using System.Buffers;
using System.Globalization;
using System.Text;

namespace Jam.Server.Hosting;

/// <summary>
/// Lines in files of a bounded size: the newest in <c>NAME</c>, older ones in <c>NAME.1</c>, <c>NAME.2</c> and so on, of which the oldest
/// goes. Another process that is given the same name writes to a set of its own, <c>STEM-2.log</c>. One thread at a time.
/// </summary>
internal sealed class RotatingFile : ILineSink
{
    private const int MaxProcesses = 16;

    private readonly FileStream _lock;
    private readonly long _maxBytes;
    private readonly int _files;
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private FileStream? _file;

    private RotatingFile(string path, FileStream held, FileStream file, long maxBytes, int files) =>
        (Path, _lock, _file, _maxBytes, _files) = (path, held, file, maxBytes, files);

    /// <summary>The file that is written now.</summary>
    public string Path { get; }

    /// <summary>Opens the first set that no other process writes to.</summary>
    /// <param name="path">Its folder is made where it is not there.</param>
    /// <param name="maxBytes">Size from which a file is put aside; the lines written at once may exceed it.</param>
    /// <param name="files">How many there are at most, the newest included.</param>
    /// <exception cref="IOException">It cannot be written, or too many processes write.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static RotatingFile Open(string path, long maxBytes, int files)
    {
        path = System.IO.Path.GetFullPath(path);
        var folder = System.IO.Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        for (var process = 1; process <= MaxProcesses; process++)
        {
            var mine = process == 1 ? path : System.IO.Path.Combine(folder, string.Create(
                CultureInfo.InvariantCulture, $"{System.IO.Path.GetFileNameWithoutExtension(path)}-{process}{System.IO.Path.GetExtension(path)}"));
            if (ProcessLock.TryTake(System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(mine)}.lock")) is not { } held)
                continue;
            try
            {
                return new RotatingFile(mine, held, OpenFile(mine), maxBytes, files);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }

        // What keeps the lock from being taken keeps the file from being written: this says why.
        OpenFile(path).Dispose();
        throw new IOException("too many programs write there");
    }

    /// <summary>Writes lines and hands them to the system. False where the disk does not take them; the next call tries again.</summary>
    public bool Write(StringBuilder lines)
    {
        try
        {
            _file ??= OpenFile(Path);
            if (_file.Length >= _maxBytes)
                Rotate();
            foreach (var chunk in lines.GetChunks())
                Write(_file, chunk.Span);
            _file.Flush();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Close();
            return false;
        }
    }

    private void Write(FileStream file, ReadOnlySpan<char> text)
    {
        var utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            // Half a character at the end of a piece waits for the next.
            file.Write(utf8.AsSpan(0, _encoder.GetBytes(text, utf8, flush: false)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        _lock.Dispose();
    }

    private void Close()
    {
        var file = _file;
        _file = null;
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // What it still had to write does not fit the disk either; its handle is closed all the same.
            return;
        }
    }

    private void Rotate()
    {
        Close();
        for (var age = _files - 1; age > 0; age--)
        {
            if (File.Exists(NameOf(age - 1)))
                File.Move(NameOf(age - 1), NameOf(age), overwrite: true);
        }

        _file = OpenFile(Path);
    }

    private string NameOf(int age) => age == 0 ? Path : string.Create(CultureInfo.InvariantCulture, $"{Path}.{age}");

    private static FileStream OpenFile(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1);
}
