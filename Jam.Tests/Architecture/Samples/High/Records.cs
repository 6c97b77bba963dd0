namespace Jam.Tests.Architecture.Samples.High;

/// <summary>What the sample below may not know.</summary>
internal sealed record Above(int Value);

/// <summary>Data of the upper place that the lower one may know by name.</summary>
internal sealed record AboveData(int Value);
