<#
.SYNOPSIS
Lets the app into the shared mailbox, and the synthetic check into its own, and neither into any other.

.DESCRIPTION
Grants roles of Exchange's RBAC for Applications, each scoped to one mailbox
(https://learn.microsoft.com/exchange/permissions-exo/application-rbac), and tests them: every role holds for its
mailbox, and none for a mailbox out of scope. Running it again changes what differs and nothing else.

Roles for Graph that are granted in Entra hold for every mailbox of the tenant, and the two add up: with one of them
the scopes below protect nothing. That none is granted is checked by tenant_wide_roles.sh, which needs az alone.

Graph learns of a grant within 30 minutes to two hours; until then it may refuse. The test here asks Exchange itself.

Needs the module ExchangeOnlineManagement and the role Exchange Administrator (or Organization Management).

.PARAMETER ClientId
Client id of the user-assigned identity of both slots: az identity show --query clientId

.PARAMETER ObjectId
Object id of its service principal, which is its principal id: az identity show --query principalId

.PARAMETER InvoiceMailbox
Address of the shared mailbox; the app setting INVOICE_MAILBOX.

.PARAMETER OtherMailbox
Address of any mailbox that the app must not reach, for the test.

.PARAMETER SyntheticClientId
Client id of the app registration that the synthetic workflow logs in as. The three of them go together.

.PARAMETER SyntheticObjectId
Object id of its service principal ("enterprise application"), not of the registration: az ad sp show --id CLIENT_ID

.PARAMETER SyntheticRecipient
Address that the synthetic check sends from and looks in; the app setting SYNTHETIC_RECIPIENT.

.PARAMETER TestOnly
Test what is granted, and change nothing.

.EXAMPLE
./grant.ps1 -ClientId 11111111-2222-4333-8444-555555555555 -ObjectId 66666666-7777-4888-9999-000000000000 `
    -InvoiceMailbox invoices@contoso.com -OtherMailbox jane@contoso.com
#>
#Requires -Modules ExchangeOnlineManagement
[CmdletBinding(DefaultParameterSetName = 'App')]
param(
    [Parameter(Mandatory)]
    [ValidatePattern('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')]
    [string] $ClientId,

    [Parameter(Mandatory)]
    [ValidatePattern('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')]
    [string] $ObjectId,

    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$')]
    [string] $InvoiceMailbox,

    [Parameter(Mandatory)]
    [ValidatePattern('^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$')]
    [string] $OtherMailbox,

    [Parameter(Mandatory, ParameterSetName = 'AppAndSynthetic')]
    [ValidatePattern('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')]
    [string] $SyntheticClientId,

    [Parameter(Mandatory, ParameterSetName = 'AppAndSynthetic')]
    [ValidatePattern('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')]
    [string] $SyntheticObjectId,

    [Parameter(Mandatory, ParameterSetName = 'AppAndSynthetic')]
    [ValidatePattern('^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$')]
    [string] $SyntheticRecipient,

    [switch] $TestOnly
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# Who gets what. Read and write, and send: the app drafts forwards, moves mails and sends. The synthetic check sends one
# mail from its mailbox, and looks whether it came back.
$grants = @(
    @{
        Name     = 'invoice-agent'
        ClientId = $ClientId
        ObjectId = $ObjectId
        Mailbox  = $InvoiceMailbox
        Roles    = @('Application Mail.ReadWrite', 'Application Mail.Send')
    }
)
if ($PSCmdlet.ParameterSetName -eq 'AppAndSynthetic') {
    $grants += @{
        Name     = 'invoice-agent-synthetic'
        ClientId = $SyntheticClientId
        ObjectId = $SyntheticObjectId
        Mailbox  = $SyntheticRecipient
        Roles    = @('Application Mail.Send', 'Application Mail.Read')
    }
}

function Assert-Mailbox([string] $Address) {
    $found = Get-EXOMailbox -Identity $Address
    if ($found.PrimarySmtpAddress -ne $Address) {
        throw "${Address}: is an alias of $($found.PrimarySmtpAddress); wanted the primary address, which scopes go by."
    }
}

# The Get- commands are asked for all and filtered here: asked for one that does not exist, some of them return all.
function Set-ServicePrincipalReference($Grant) {
    $found = Get-ServicePrincipal | Where-Object { $_.AppId -eq $Grant.ClientId }
    if (-not $found) {
        New-ServicePrincipal -AppId $Grant.ClientId -ObjectId $Grant.ObjectId -DisplayName $Grant.Name | Out-Null
        Write-Output "service principal: made for $($Grant.Name)"
    }
    elseif ($found.ObjectId -ne $Grant.ObjectId) {
        throw "$($Grant.ClientId): Exchange knows it with the object id $($found.ObjectId), not $($Grant.ObjectId). " +
        'Wanted that of the service principal, not of the app registration. If Exchange has the wrong one: ' +
        "Remove-ServicePrincipal -Identity $($found.ObjectId), then run this again."
    }
}

function Set-MailboxScope($Grant, [string] $Scope) {
    $filter = "PrimarySmtpAddress -eq '$($Grant.Mailbox)'"
    $found = Get-ManagementScope | Where-Object { $_.Name -eq $Scope }
    if (-not $found) {
        New-ManagementScope -Name $Scope -RecipientRestrictionFilter $filter | Out-Null
        Write-Output "scope: made for $($Grant.Mailbox)"
    }
    elseif ($found.RecipientFilter -ne $filter) {
        Set-ManagementScope -Identity $Scope -RecipientRestrictionFilter $filter
        Write-Output "scope: was $($found.RecipientFilter), is now $filter"
    }
}

function Set-ScopedRole($Grant, [string] $Role, [string] $Scope) {
    $name = "$($Role -replace '^Application ', '') $($Grant.ObjectId)"
    $found = Get-ManagementRoleAssignment -Role $Role | Where-Object { $_.Name -eq $name }
    if (-not $found) {
        New-ManagementRoleAssignment -Name $name -App $Grant.ObjectId -Role $Role -CustomResourceScope $Scope | Out-Null
        Write-Output "role: $Role granted to $($Grant.Name) for $($Grant.Mailbox)"
    }
    elseif ($found.CustomResourceScope -ne $Scope) {
        throw "the role assignment '$name' has the scope '$($found.CustomResourceScope)', not '$Scope'. " +
        "Run: Remove-ManagementRoleAssignment -Identity '$name', then this again."
    }
}

# Returns what is wrong, one line each.
function Test-Grant($Grant, [string] $Outside) {
    $inside = @(Test-ServicePrincipalAuthorization -Identity $Grant.ObjectId -Resource $Grant.Mailbox)
    foreach ($role in $Grant.Roles) {
        $held = $inside | Where-Object { $_.RoleName -eq $role -and "$($_.InScope)" -eq 'True' }
        if (-not $held) { "$($Grant.Name) lacks '$role' for $($Grant.Mailbox)" }
    }
    foreach ($row in $inside | Where-Object { $_.RoleName -notin $Grant.Roles }) {
        "$($Grant.Name) has '$($row.RoleName)', which it needs not; scope: $($row.AllowedResourceScope)"
    }
    $elsewhere = @(Test-ServicePrincipalAuthorization -Identity $Grant.ObjectId -Resource $Outside)
    foreach ($row in $elsewhere | Where-Object { "$($_.InScope)" -ne 'False' }) {
        "$($Grant.Name) has '$($row.RoleName)' for $Outside too (in scope: $($row.InScope)); " +
        "scope: $($row.AllowedResourceScope)"
    }
}

if ($OtherMailbox -in $grants.Mailbox) {
    throw "OtherMailbox: $OtherMailbox is one of those that are granted; wanted one that must stay out of reach."
}
if (-not (Get-ConnectionInformation)) { Connect-ExchangeOnline -ShowBanner:$false }
foreach ($address in @($grants.Mailbox) + $OtherMailbox) { Assert-Mailbox $address }

if (-not $TestOnly) {
    foreach ($grant in $grants) {
        $scope = "$($grant.Name) $($grant.ObjectId)"
        Set-ServicePrincipalReference $grant
        Set-MailboxScope $grant $scope
        foreach ($role in $grant.Roles) { Set-ScopedRole $grant $role $scope }
    }
}

$wrong = @(foreach ($grant in $grants) { Test-Grant $grant $OtherMailbox })
foreach ($line in $wrong) { Write-Output "wrong: $line" }
foreach ($grant in $grants) {
    Write-Output "check that nothing is granted tenant-wide: bash tenant_wide_roles.sh --object-id $($grant.ObjectId)"
}
if ($wrong) { exit 3 }
Write-Output "tested: every role holds for its mailbox alone; Graph knows of it within two hours"
