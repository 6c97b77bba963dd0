using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Jam.Peer.Audio;

/// <summary>Asks the sound server once which sinks it has.</summary>
internal sealed class PulseQuery : IDisposable
{
    private readonly TaskCompletionSource<string?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(string Name, string Description)> _sinks = [];
    private GCHandle _self;
    private readonly nint _mainloop;
    private readonly nint _context;
    private string? _default;

    private unsafe PulseQuery()
    {
        _self = GCHandle.Alloc(this);
        _mainloop = PulseNative.MainloopNew();
        _context = PulseNative.ContextNew(PulseNative.MainloopApi(_mainloop), "SwarmJam");
        PulseNative.ContextSetStateCallback(_context, &OnState, GCHandle.ToIntPtr(_self));
        if (PulseNative.ContextConnect(_context, null, PulseNative.ContextNoAutospawn, 0) < 0 || PulseNative.MainloopStart(_mainloop) < 0)
            _done.TrySetResult("no sound server is running");
    }

    /// <summary>The sinks, or none and why.</summary>
    public static async Task<(IReadOnlyList<(string Name, string Description, bool IsDefault)> Sinks, string? Error)> SinksAsync(
        TimeProvider time, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (!NativeLibrary.TryLoad(PulseNative.Library, out _))
            return ([], "libpulse0 is missing (apt-get install libpulse0)");
        using var query = new PulseQuery();
        try
        {
            return await query._done.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false) is { } error
                ? ([], error)
                : ([.. query._sinks.Select(sink => (sink.Name, sink.Description, sink.Name == query._default))], null);
        }
        catch (TimeoutException)
        {
            return ([], "the sound server does not answer");
        }
    }

    public void Dispose()
    {
        // After this no callback runs.
        PulseNative.MainloopStop(_mainloop);
        PulseNative.ContextDisconnect(_context);
        PulseNative.ContextUnref(_context);
        PulseNative.MainloopFree(_mainloop);
        _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnState(nint context, nint userdata)
    {
        switch (PulseNative.ContextState(context))
        {
            case PulseNative.ContextReady:
                Forget(PulseNative.ContextServerInfo(context, &OnServer, userdata));
                Forget(PulseNative.ContextSinks(context, &OnSink, userdata));
                break;
            case PulseNative.ContextFailed or PulseNative.ContextTerminated:
                From(userdata)._done.TrySetResult("no sound server is running");
                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnServer(nint context, PulseNative.ServerInfo* info, nint userdata)
    {
        if (info != null)
            From(userdata)._default = Marshal.PtrToStringUTF8(info->DefaultSink);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnSink(nint context, PulseNative.SinkInfo* info, int end, nint userdata)
    {
        var self = From(userdata);
        if (end != 0)
            self._done.TrySetResult(null);
        else if (info != null && Marshal.PtrToStringUTF8(info->Name) is { } name)
            self._sinks.Add((name, Marshal.PtrToStringUTF8(info->Description) ?? ""));
    }

    private static void Forget(nint operation)
    {
        if (operation != 0)
            PulseNative.OperationUnref(operation);
    }

    private static PulseQuery From(nint userdata) => (PulseQuery)GCHandle.FromIntPtr(userdata).Target!;
}
