using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>One Chromium for all tests of the page. Where there is none they are skipped, but in CI they have to run.</summary>
[SetUpFixture]
internal sealed class Browser
{
    private static readonly string[] _places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static IPlaywright? _playwright;
    private static IBrowser? _browser;

    private static string? Path => Environment.GetEnvironmentVariable("JAM_CHROMIUM") ?? _places.FirstOrDefault(File.Exists);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (Path is not { } path)
            return;
        // As for everything else that is waited for (below).
        SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A fresh profile, as of another person at another machine.</summary>
    public static async Task<IBrowserContext> PersonAsync(bool isPhone = false, ColorScheme scheme = ColorScheme.Dark)
    {
        if (_browser is null)
        {
            const string Missing = "no Chromium on this machine: the page was not tested (Debian: apt-get install chromium)";
            if (Environment.GetEnvironmentVariable("CI") is "true")
                Assert.Fail(Missing);
            Assert.Ignore(Missing);
        }

        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = isPhone ? new ViewportSize { Width = 390, Height = 844 } : new ViewportSize { Width = 1440, Height = 900 },
            HasTouch = isPhone, IsMobile = isPhone, ColorScheme = scheme, BypassCSP = false,
            // The certificates of tests are of nobody that a browser knows.
            IgnoreHTTPSErrors = true,
        });
        // A slow machine is only slow: what is waited for here comes, or the test's own limit ends it.
        context.SetDefaultTimeout(30_000);
        return context;
    }
}
