# Makes this Windows machine trust the CA of a registry-gate. In a PowerShell that runs as administrator:
#
#   .\trust.ps1 HOST[:PORT] SHA256
#
# SHA256 is the fingerprint of the CA that "registry-gate certs status" shows on the server, with or without colons.
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidatePattern('^(?!-)[A-Za-z0-9.\-\[\]:]+$')]
    [string] $Registry,

    [Parameter(Mandatory, Position = 1)]
    [ValidatePattern('^([0-9A-Fa-f]{2}:?){32}$')]
    [string] $Fingerprint
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$wanted = $Fingerprint.Replace(':', '').ToLowerInvariant()
$file = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
try {
    # The connection is not verified; the fingerprint is.
    & curl.exe --fail --silent --show-error --insecure --max-time 30 --max-filesize 65536 --output $file "https://$Registry/ca.crt"
    if ($LASTEXITCODE -ne 0) { throw "https://$Registry/ca.crt could not be fetched." }
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList $file
} finally {
    Remove-Item -LiteralPath $file -Force -ErrorAction SilentlyContinue
}

$sha256 = [Security.Cryptography.SHA256]::Create()
$found = ([BitConverter]::ToString($sha256.ComputeHash($certificate.RawData))).Replace('-', '').ToLowerInvariant()
if ($found -ne $wanted) {
    throw "This is another CA (SHA-256 $found). Nothing was installed: the connection may be intercepted."
}

$store = New-Object Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Root', 'LocalMachine'
$store.Open('ReadWrite')
try { $store.Add($certificate) } finally { $store.Close() }
Write-Output "Trusted: $($certificate.Subject), SHA-256 $found"
Write-Output 'Restart Docker Desktop: its engine copies the trusted roots of Windows when it starts.'
Write-Output "To take it back: Remove-Item Cert:\LocalMachine\Root\$($certificate.Thumbprint)"
