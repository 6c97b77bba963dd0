using System.Diagnostics.Metrics;

namespace Jam.Server.Observing;

/// <summary>
/// Gathers what the instruments of a scope say, and the runtime's own, from its making on, and puts it into text on demand. The thin piece
/// between System.Diagnostics.Metrics and a page: no exporter is needed for it.
/// </summary>
internal sealed class MetricCollector : IDisposable
{
    /// <summary>The meter of .NET itself: processor time, memory, garbage, threads.</summary>
    public const string Runtime = "System.Runtime";

    private readonly MeterListener _listener = new();
    private readonly List<MetricSeries> _series = [];
    private readonly Lock _gate = new();
    private readonly Lock _reading = new();

    /// <param name="accepts">Which meters are listened to.</param>
    public MetricCollector(Func<Meter, bool> accepts)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!accepts(instrument.Meter))
                return;
            var series = new MetricSeries(instrument);
            lock (_gate)
                _series.Add(series);
            listener.EnableMeasurementEvents(instrument, series);
        };
        _listener.MeasurementsCompleted = (_, series) =>
        {
            lock (_gate)
                _series.Remove((MetricSeries)series!);
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        _listener.Start();
    }

    /// <summary>Gathers for one program.</summary>
    public static MetricCollector Of(MetricsScope scope) => new(meter => meter.Scope == scope || meter is { Name: Runtime, Scope: null });

    /// <summary>Everything as it is now, in Prometheus's text.</summary>
    public string Read()
    {
        // One reader at a time: what is looked at is cleared first.
        lock (_reading)
        {
            MetricSeries[] all;
            lock (_gate)
                all = [.. _series];
            foreach (var series in all)
                series.Begin();
            _listener.RecordObservableInstruments();
            return PrometheusText.Of(all);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}
