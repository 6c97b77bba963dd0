using System.Net;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Observing;

/// <summary>Answers <c>/metrics</c>, to whom it may.</summary>
internal sealed class MetricsPage(MetricsAccess access, MetricCollector? collector)
{
    private static readonly string[] s_marksOfAProxy = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

    public Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (collector is null || access == MetricsAccess.Off)
            return RefuseAsync(response, StatusCodes.Status404NotFound, "No metrics here (--metrics off).\n");
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
            return RefuseAsync(response, StatusCodes.Status405MethodNotAllowed, "Only GET.\n");
        if (access == MetricsAccess.Local && !IsFromHere(context))
            return RefuseAsync(response, StatusCodes.Status403Forbidden, "Metrics are for this machine alone; --metrics any opens them.\n");
        response.ContentType = PrometheusText.ContentType;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.WriteAsync(collector.Read(), context.RequestAborted);
    }

    /// <summary>
    /// A program of this machine that means this machine: neither what a proxy passes on, nor a page of another site whose name was turned
    /// to the loopback address.
    /// </summary>
    private static bool IsFromHere(HttpContext context)
    {
        var host = context.Request.Host.Host.Trim('[', ']');
        var address = context.Connection.RemoteIpAddress;
        return address is not null && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            && (host.Length == 0 || host == "localhost" || (IPAddress.TryParse(host, out var named) && IPAddress.IsLoopback(named)))
            && !s_marksOfAProxy.Any(context.Request.Headers.ContainsKey);
    }

    private static Task RefuseAsync(HttpResponse response, int status, string text)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(text);
    }
}
