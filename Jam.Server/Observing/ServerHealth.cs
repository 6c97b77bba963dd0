using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Observing;

/// <summary>One thing that has to be well.</summary>
/// <param name="Name">What.</param>
/// <param name="Ok">Whether it is.</param>
/// <param name="Detail">More, for people.</param>
internal sealed record HealthCheck(string Name, bool Ok, string Detail);

/// <summary>What <c>/healthz</c> says.</summary>
internal sealed record Health(
    string Status, int Rooms, int Members, int Connections, double UptimeSec, string Version, string Commit, bool Durable, string Store,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] JsonObject? Fleet = null);

/// <summary>What <c>/readyz</c> says.</summary>
internal sealed record Readiness(string Status, IReadOnlyList<HealthCheck> Checks);

/// <summary>
/// Whether the server lives (<c>/healthz</c>: its rooms' loop answers; else a supervisor may restart it) and whether it may be given rooms
/// (<c>/readyz</c>: every check is well; else whoever spreads load passes it by).
/// </summary>
/// <param name="answers">Whether the rooms' loop answers.</param>
/// <param name="health">The rest, as it is now.</param>
internal sealed class ServerHealth(Func<CancellationToken, Task<bool>> answers, Func<Health> health)
{
    private readonly List<Func<HealthCheck>> _checks = [];

    /// <summary>Adds something without which no room should come here. Before the server listens.</summary>
    public void Add(Func<HealthCheck> check) => _checks.Add(check);

    public async Task AnswerHealthAsync(HttpContext context)
    {
        var isAlive = await answers(context.RequestAborted);
        var now = health();
        await SendAsync(context, isAlive, JsonSerializer.SerializeToUtf8Bytes(now with { Status = isAlive ? "ok" : "stuck" }, HealthJson.Default.Health));
    }

    public async Task AnswerReadinessAsync(HttpContext context)
    {
        var isAlive = await answers(context.RequestAborted);
        HealthCheck[] checks = [new("rooms", isAlive, isAlive ? "the loop answers" : "the loop does not answer"), .. _checks.Select(check => check())];
        var isReady = checks.All(check => check.Ok);
        await SendAsync(context, isReady, JsonSerializer.SerializeToUtf8Bytes(new Readiness(isReady ? "ready" : "not_ready", checks), HealthJson.Default.Readiness));
    }

    private static Task SendAsync(HttpContext context, bool isWell, byte[] json)
    {
        context.Response.StatusCode = isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = json.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(json, context.RequestAborted).AsTask();
    }
}

/// <summary>snake_case, as everywhere.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Readiness))]
internal sealed partial class HealthJson : JsonSerializerContext;
