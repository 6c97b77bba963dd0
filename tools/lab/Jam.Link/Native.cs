using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Jam.Link;

/// <summary>The part of libc that is needed: TUN devices in other namespaces, and waiting to the microsecond.</summary>
internal static unsafe partial class Native
{
    public const short PollIn = 1;
    private const int ReadWrite = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NewNet = 0x40000000;
    private const nuint TunSetIff = 0x400454ca;
    private const short Tun = 0x0001;
    private const short NoPacketInfo = 0x1000;
    private const int RequestBytes = 40;
    private const int NameBytes = 16;
    private const int SetTimerSlack = 29;
    private const int Fifo = 1;

    /// <summary>Takes the calling thread into a process's network namespace and makes a TUN device there; it goes when the descriptor is closed.</summary>
    public static int OpenTun(int pid, string device)
    {
        var space = Check(Open($"/proc/{pid}/ns/net", CloseOnExec), "opening the namespace of process " + pid);
        try
        {
            _ = Check(SetNamespace(space, NewNet), "entering the namespace of process " + pid);
        }
        finally
        {
            _ = Close(space);
        }
        var tun = Check(Open("/dev/net/tun", ReadWrite | NonBlocking | CloseOnExec), "opening /dev/net/tun");
        var request = stackalloc byte[RequestBytes];
        new Span<byte>(request, RequestBytes).Clear();
        Encoding.ASCII.GetBytes(device, new Span<byte>(request, NameBytes - 1));
        *(short*)(request + NameBytes) = Tun | NoPacketInfo;
        _ = Check(Ioctl(tun, TunSetIff, (nint)request), "making the TUN device " + device);
        return tun;
    }

    /// <summary>
    /// Wakes as near to a time-out as the kernel can (by default it may be 50 us late), and before whatever else wants the processor. The
    /// latter only where it is allowed.
    /// </summary>
    public static void BePunctual()
    {
        _ = Prctl(SetTimerSlack, 1, 0, 0, 0);
        var priority = 10;
        _ = SetScheduler(0, Fifo, &priority);
    }

    /// <summary>Waits until one of the descriptors can be read, or the time is over.</summary>
    public static void Wait(Span<PollDescriptor> descriptors, long timeoutNs)
    {
        var time = stackalloc long[2] { timeoutNs / 1_000_000_000, timeoutNs % 1_000_000_000 };
        fixed (PollDescriptor* first = descriptors)
            _ = Poll(first, (nuint)descriptors.Length, time, 0);
    }

    /// <summary>Bytes read, or -1 where there is nothing.</summary>
    public static int Read(int descriptor, byte[] buffer)
    {
        fixed (byte* data = buffer)
            return (int)Read(descriptor, data, (nuint)buffer.Length);
    }

    /// <summary>Hands a packet over; one that the kernel does not take is lost, as on a link.</summary>
    public static void Write(int descriptor, ReadOnlySpan<byte> packet)
    {
        fixed (byte* data = packet)
            _ = Write(descriptor, data, (nuint)packet.Length);
    }

    private static int Check(int result, string what) =>
        result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int kind);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int descriptor, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint value, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, int* priority);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, long* timeout, nint signals);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, byte* buffer, nuint count);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
