using System.Runtime.InteropServices;

namespace Jam.Peer.Cli;

/// <summary>
/// Turns SIGINT, SIGTERM and SIGHUP into a token, once. A second signal finds the ordinary behaviour again and ends the process at
/// once, so nobody is held by a departure that hangs.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly PosixSignalRegistration[] registrations;

    public StopSignals() =>
        registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(s => PosixSignalRegistration.Create(s, OnSignal))];

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => stopping.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        stopping.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        if (stopping.IsCancellationRequested)
            return;
        context.Cancel = true;
        stopping.Cancel();
    }
}
