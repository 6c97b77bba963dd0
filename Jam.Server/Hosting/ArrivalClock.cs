using System.Net.Sockets;
using System.Runtime.InteropServices;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>
/// Tells when the datagram that a socket gave last came to this machine, rather than when its reader woke: on a busy machine the two lie a
/// tenth of a millisecond apart at the median, and more at every other time. Linux says so by its wall clock, which is related to the
/// steady one as each is read; elsewhere it is the instant of reading. Of one reader.
/// </summary>
internal sealed partial class ArrivalClock
{
    private const nuint GetStamp = 0x8907;
    private const long LongestUs = 1_000_000;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly bool _isStamped;

    /// <summary>For one socket.</summary>
    public ArrivalClock(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        // Asking once turns it on. A clock of a test has nothing to do with the machine's.
        _isStamped = OperatingSystem.IsLinux() && nint.Size == sizeof(long) && ReferenceEquals(time, TimeProvider.System);
        if (_isStamped)
            _ = Ask(out _);
    }

    /// <summary>When the last datagram came, steady clock.</summary>
    public long LastUs()
    {
        if (!_isStamped || Ask(out var stamp) != 0)
            return _time.NowUs();
        // The wall clock first: whoever is interrupted between the two is late, which delays may be, and never early.
        var wallTicks = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        var nowUs = _time.NowUs();
        var sinceUs = (wallTicks - (stamp.Seconds * TimeSpan.TicksPerSecond + stamp.Nanoseconds / TimeSpan.NanosecondsPerTick)) / TimeSpan.TicksPerMicrosecond;
        return sinceUs is >= 0 and <= LongestUs ? nowUs - sinceUs : nowUs;
    }

    private int Ask(out Instant stamp)
    {
        stamp = default;
        return ioctl((int)_socket.Handle, GetStamp, ref stamp);
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ioctl(int descriptor, nuint request, ref Instant stamp);

    [StructLayout(LayoutKind.Sequential)]
    private struct Instant
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
