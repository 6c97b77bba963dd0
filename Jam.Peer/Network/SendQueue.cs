using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Jam.Peer.Network;

/// <summary>What a socket still owes the network: bytes that it took and that the other side has not acknowledged.</summary>
internal static partial class SendQueue
{
    // SIOCOUTQ, tcp(7).
    private const nuint OutQueue = 0x5411;

    /// <summary>Bytes written and not acknowledged; 0 where the system does not tell (not Linux, or the socket is closed).</summary>
    public static int UnackedBytes(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        var handle = socket.SafeHandle;
        var isHeld = false;
        try
        {
            handle.DangerousAddRef(ref isHeld);
            return Control(handle.DangerousGetHandle().ToInt32(), OutQueue, out var bytes) == 0 ? bytes : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
        finally
        {
            if (isHeld)
                handle.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, out int value);
}
