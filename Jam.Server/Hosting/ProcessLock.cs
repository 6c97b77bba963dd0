namespace Jam.Server.Hosting;

/// <summary>A file that one process of this machine holds at a time; the system lets go of it however the process ends.</summary>
internal static class ProcessLock
{
    /// <summary>Takes it; null where another process has it, or the folder cannot be written.</summary>
    public static FileStream? TryTake(string path)
    {
        try
        {
            // An advisory lock on Unix, where only FileShare.None excludes anybody. The file stays: deleting it would let a third
            // process lock another file of the same name.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
