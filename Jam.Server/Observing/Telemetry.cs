using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Jam.Server.Observing;

/// <summary>
/// Sends metrics and traces to a collector by OTLP, where somebody asks for it. What the standard variables say (OTEL_EXPORTER_OTLP_HEADERS,
/// OTEL_RESOURCE_ATTRIBUTES, OTEL_METRIC_EXPORT_INTERVAL and the like) holds.
/// </summary>
public sealed class Telemetry : IDisposable
{
    /// <summary>The standard variable that names a collector.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const int GrpcPort = 4317;

    /// <summary>All meters and sources of spans of this program, and the runtime's meter.</summary>
    private static readonly string[] s_names = [ServerMetrics.Name, "SwarmJam.Peer", MetricCollector.Runtime];

    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    private Telemetry(MeterProvider metrics, TracerProvider traces) => (_metrics, _traces) = (metrics, traces);

    /// <summary>Begins to send; null where nobody asked for it.</summary>
    /// <param name="endpoint">The collector: HTTP, or gRPC where its port is 4317. Null: where the standard variable says.</param>
    /// <param name="service">What this program is: <c>swarmjam-server</c>.</param>
    public static Telemetry? Start(Uri? endpoint, string service)
    {
        if (endpoint is null && string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(EndpointVariable)))
            return null;
        return Begin(endpoint, service);
    }

    // Apart, so that the libraries are loaded only where somebody asks for it: they are two megabytes.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Telemetry Begin(Uri? endpoint, string service)
    {
        var resource = ResourceBuilder.CreateDefault()
            .AddService(service, "swarmjam", ProgramVersion.Number)
            .AddAttributes([new KeyValuePair<string, object>("vcs.ref.head.revision", ProgramVersion.Commit)])
            // Last, so that the variables have the last word.
            .AddEnvironmentVariableDetector();
        var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(s_names)
            .AddOtlpExporter(otlp => Direct(otlp, endpoint, "v1/metrics")).Build();
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(s_names)
            .AddOtlpExporter(otlp => Direct(otlp, endpoint, "v1/traces")).Build();
        return new Telemetry(metrics, traces);
    }

    /// <summary>Whether a text names a collector.</summary>
    /// <returns>The collector; null where it does not.</returns>
    public static Uri? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri!.Host.Length > 0 ? uri : null;

    /// <summary>Sends what there still is, for a few seconds at most, and stops.</summary>
    public void Dispose()
    {
        _metrics.Dispose();
        _traces.Dispose();
    }

    private static void Direct(OtlpExporterOptions otlp, Uri? endpoint, string signal)
    {
        if (endpoint is null)
            return;
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ProtocolVariable)))
            otlp.Protocol = endpoint.Port == GrpcPort ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // The library appends the signal's path only to what it reads from the variable itself.
        otlp.Endpoint = otlp.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri(endpoint.AbsoluteUri.TrimEnd('/') + '/' + signal) : endpoint;
    }
}
