namespace Jam.Peer.Storage;

/// <summary>
/// Keeps the cache within its limit: the tracks that were not used for longest go, whole. One that any process has open is
/// locked and stays, so what plays is never touched.
/// </summary>
internal static class CacheTrimmer
{
    /// <summary>The file whose time is that of the last use.</summary>
    private const string LockName = "lock";

    /// <summary>Remembers that a track's folder is in use now.</summary>
    public static void Touch(string folder, TimeProvider time)
    {
        try
        {
            File.SetLastWriteTimeUtc(Path.Combine(folder, LockName), time.GetUtcNow().UtcDateTime);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It only becomes older than it is.
            return;
        }
    }

    /// <summary>Removes tracks, the longest unused first, until the rest is within the limit or in use.</summary>
    /// <param name="tracks">The folder with a folder per track.</param>
    /// <param name="limitBytes">What all of them together may come to; a track counts with its whole length.</param>
    /// <returns>How many were removed.</returns>
    public static int Trim(string tracks, long limitBytes)
    {
        var removed = 0;
        try
        {
            var folders = new DirectoryInfo(tracks).EnumerateDirectories()
                .Select(folder => (folder.FullName, Bytes: BytesIn(folder), Used: File.GetLastWriteTimeUtc(Path.Combine(folder.FullName, LockName))))
                .OrderBy(folder => folder.Used).ThenBy(folder => folder.FullName, StringComparer.Ordinal).ToArray();
            var total = folders.Sum(folder => folder.Bytes);
            foreach (var (folder, bytes, _) in folders)
            {
                if (total <= limitBytes)
                    break;
                if (!TryRemove(folder))
                    continue;
                total -= bytes;
                removed++;
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Another process is at it, or the folder is not ours: the next time will tell.
            return removed;
        }

        return removed;
    }

    private static long BytesIn(DirectoryInfo folder) => folder.EnumerateFiles().Sum(file => file.Length);

    private static bool TryRemove(string folder)
    {
        try
        {
            // Held while the rest goes, so that nobody opens the track in between; where it is held already, it is in use.
            using var held = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            foreach (var file in Directory.EnumerateFiles(folder).Where(file => Path.GetFileName(file) != LockName))
                File.Delete(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Someone opened it at that moment: an empty folder costs nothing.
            return true;
        }

        return true;
    }
}
