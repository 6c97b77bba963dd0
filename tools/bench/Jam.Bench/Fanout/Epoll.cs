using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;

namespace Jam.Bench.Fanout;

/// <summary>
/// Linux's own calls for thousands of sockets on one thread: what the runtime puts between would take the processor from the server that
/// is measured, and a connection's turn to be noted would depend on its thread pool.
/// </summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    public const uint In = 1;
    public const uint Out = 4;

    private const int AddOp = 1;
    private const int ModifyOp = 3;
    private const int StreamNonBlocking = 1 | 0x800 | 0x80000;
    private const int InProgress = 115;
    private const int Again = 11;
    private const int MostEvents = 512;

    // The kernel's struct is packed on x64 alone.
    private static readonly int s_stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly int _epoll = Checked(epoll_create1(0x80000));
    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(MostEvents * 16, pinned: true);

    /// <summary>Begins to connect from one address of the loopback to another.</summary>
    public static int Connect(IPAddress from, int port)
    {
        var socket = Checked(Epoll.socket(2, StreamNonBlocking, 0));
        var one = 1;
        // Or each bind would look for a port that is free for every other end.
        Checked(setsockopt(socket, 0, 24, &one, sizeof(int)));
        Checked(setsockopt(socket, 6, 1, &one, sizeof(int)));
        var address = stackalloc byte[16];
        Fill(address, from, 0);
        Checked(bind(socket, address, 16));
        Fill(address, IPAddress.Loopback, port);
        if (connect(socket, address, 16) != 0 && Marshal.GetLastPInvokeError() != InProgress)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        return socket;
    }

    public static void Close(int socket) => _ = close(socket);

    /// <summary>Sends all of it: what is sent here is small.</summary>
    public static void Send(int socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            if (send(socket, start, bytes.Length, 0x4000) != bytes.Length)
                throw new IOException($"a server took no {bytes.Length} bytes: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>What has come; -1 where nothing has, 0 at the end.</summary>
    public static int Receive(int socket, byte[] pinned)
    {
        var count = recv(socket, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), pinned.Length, 0);
        if (count < 0 && Marshal.GetLastPInvokeError() != Again)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        return (int)count;
    }

    public void Add(int socket, int index, uint wanted) => Control(AddOp, socket, index, wanted);

    public void Modify(int socket, int index, uint wanted) => Control(ModifyOp, socket, index, wanted);

    /// <summary>Waits for events and gives each index with what it is ready for.</summary>
    public int Wait(Span<(int Index, uint Ready)> ready, int timeoutMs)
    {
        var start = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_events, 0);
        var count = epoll_wait(_epoll, start, Math.Min(MostEvents, ready.Length), timeoutMs);
        if (count < 0)
            return 0;
        for (var i = 0; i < count; i++)
        {
            var at = start + (i * s_stride);
            ready[i] = (*(int*)(at + s_stride - 8), *(uint*)at);
        }

        return count;
    }

    public void Dispose() => _ = close(_epoll);

    private static void Fill(byte* address, IPAddress ip, int port)
    {
        var span = new Span<byte>(address, 16);
        span.Clear();
        span[0] = 2;
        span[2] = (byte)(port >> 8);
        span[3] = (byte)port;
        ip.TryWriteBytes(span[4..], out _);
    }

    private static int Checked(int result) => result < 0 ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : result;

    private void Control(int operation, int socket, int index, uint wanted)
    {
        var change = stackalloc byte[16];
        *(uint*)change = wanted;
        *(long*)(change + s_stride - 8) = index;
        Checked(epoll_ctl(_epoll, operation, socket, change));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int socket, byte* change);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, byte* events, int most, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int socket, int level, int name, int* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int socket, byte* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int socket, byte* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, byte* bytes, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, byte* bytes, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int socket);
}
