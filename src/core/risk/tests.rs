//! What is asked about and what is not, as pairs that look alike: a shop, a game, an app, servers, data,
//! a newsletter, a house.

use super::*;
use crate::domain::id::TaskId;
use crate::domain::task::parse;

/// A title, and the kind that must be among those asked about; `-` for none at all.
const SITUATIONS: &str = "\
Add a delete button to the settings page|-
Delete all inactive users|destructive
Write a test for the payment parser|-
Refund the March customers|financial
Document the release process|-
Release 2.0|production
Rotate the API keys|sensitive
Rename the apiKey variable to key|-
Deploy the shop to production|production
Fix the typo in the deploy script's help text|-
Send the newsletter to all subscribers|external
Style the newsletter template|-
Buy the domain example.org|financial
Sort the domain list by name|-
Drop the legacy orders table|destructive
Drop shadow on cards is too strong|-
Wipe the staging bucket and the production bucket|destructive
Wipe animation for the intro screen|-
Push the hotfix to production|production
Push notifications icon is blurry|-
Post the launch announcement on Reddit|external
Parse POST requests with an empty body|-
Grant the contractor admin access|access
Fix alignment of the admin menu|-
Rewrite the backend in Rust|architecture
Rewrite the intro paragraph of the README|-
Purge backups older than 90 days|destructive
Show the age of backups in the list|-
Email all customers about the price change|external
Validate email addresses in the form|-
Pay the hosting invoice|financial
Round invoice totals to two digits|-
Charge customers for overdue rentals|financial
Show battery charge in the status bar|-
Terminate unused EC2 instances|destructive
Add a unit test for the instance parser|-
Truncate the events table|destructive
Truncate long titles in the sidebar with an ellipsis|-
Run the migration on the production database|production
Run the linter on all files|-
Publish the package to npm|production
Publish a domain event when an order changes|-
Tweet the weekly highscore|external
Show the highscore on the start screen|-
Point DNS at the new load balancer|production
Cache DNS lookups for five minutes in the resolver|-
Submit the app to the App Store|production
Submit button stays disabled after an error|-
Connect my Gmail inbox and label invoices|sensitive
Add unread count to the tab title|-
Export customer data to a CSV for the agency|sensitive
Export the chart as PNG|-
Revoke access of former employees|access
Show access time in the file list|-
Migrate from MySQL to Postgres|architecture
Migrate tests to the new assertion helper|-
Split the monolith into services|architecture
Split the config parser into two files|-
Restart the production server|production
Restart level button in the pause menu|-
Delete old log files on the production server|destructive
Delete the unused helper function formatDate|-
Remove dead code in the renderer|-
Force-push the cleaned history to main|destructive
Erase all sensor readings from 2023|destructive
Add an eraser tool to the drawing canvas|-
Order 20 replacement sensors|financial
Order results by date|-
Sign up for a Mailchimp account|external
Sign up form: show password strength|-
Store users' passwords hashed with argon2|sensitive
Fix the width of the password field|-
Increase subscription prices by 10 percent|financial
Format prices with the locale's separator|-
Open port 22 on the firewall|access
Open links in a new tab|-
Launch the spring campaign|external
Launch the editor with the last file|-
Contact the three suppliers for quotes|external
Contact page: add opening hours|-
Roll out the new firmware to all devices|production
Show the firmware version in the about dialog|-
Cancel the unused AWS subscription|financial
Cancel button closes the dialog without saving|-
Transfer the deposit to the landlord|financial
Transfer speed is shown in the wrong unit|-
Do not deploy anything; only update the changelog|-
Test the delete command with an empty list|-
Mock the Stripe client in tests|-
Integrate Stripe checkout in the shop|financial
Set up PayPal payments|financial
Add a dry-run flag to the purge command|-
Prevent deleting users that have open orders|-
Tear down the old Kubernetes cluster|destructive
Pull weather data every hour into the warehouse|-
Backfill the revenue table in the production warehouse|production
Merge duplicate customer records|destructive
Lower the thermostat at night|-
Unlock the front door when my phone arrives|access
Turn the lights off at 23:00|-
Announce the beta on our Discord server|external
Reply to all app reviews|external
Rename the repository|architecture
Choose the game engine|architecture
Scrape competitor prices nightly|-
Anonymize user data older than two years|destructive
Reset all users' passwords|sensitive
Reset the zoom when the map closes|-
Bump lodash to 4.17.21|-
Translate the checkout page to German|-
Upgrade the production Postgres to 16|production
Add retries to the S3 uploader|-
Invite the beta testers|external
Apply for the Apple developer program|external
Send me a summary every morning|-
Notify on-call in Slack when the job fails|-
Archive the season's results page|-
Write the cold email sequence and send it to 50 leads|external
Draft three headlines for the landing page|-
Add two-factor authentication to login|access
Start the systemd service on the VPS|production
Configure .env with the bot tokens|sensitive
Set up Discord server|external
Invite 10 drivers to the pilot|external
Connect custom domain|production
Deploy a Producción|production
Publicar la tienda|production
Enviar correo a los clientes|external
Set LIVE=true and restart the bot|production
Enable live trading|financial
Create Google Play developer account|external
Get API key from OpenAI|sensitive
Add environment variables to Vercel|production
Set up Cloudflare|production
Buy SSL certificate|financial
Run the seed script against prod|production
Go live|production
Deploy to Railway|production
Submit sitemap to Google Search Console|external
Create Stripe account and get keys|external
File trademark application|external
Make the repository public|access
Turn on signups for everyone|production
Record the demo video and upload it to YouTube|external
Reach out to 20 restaurants|external
Schedule the Instagram posts for next week|external
Push to main and tag v1.4.0|production
Merge the release branch|production
Ship v3|production
Swap the DNS to the new host|production
Delete the Heroku app|destructive
Remove old Docker volumes from the server|destructive
Clear the production cache|production
Import the customer list into HubSpot|external
Upload the APK to Google Play internal testing|production
Hire a designer|financial
Renew the hosting plan|financial
Move all photos to Glacier and delete the originals|destructive
Set budget for Google Ads to 20 EUR a day|financial
Onboard first three customers|external
Give Maria write access to the repo|access
Disable two-factor authentication for the service account|access
Switch auth from sessions to JWT|access
Convert the app from JavaScript to TypeScript|architecture
Update prices on the live site|production
Add swipe to delete in the list|-
Email input should trim whitespace|-
Add dark theme to checkout page|-
Add release date column to the games table|-
Fix publish button tooltip|-
Explain in the docs how to rotate keys|-
Add loading spinner to payment form|-
Cover the refund function with tests|-
Reduce build time of the Docker image|-
Sort transactions by date|-
Show customer name on the order card|-
Log failed logins|-
Wrap the database calls in a helper|-
Make the launcher icon round|-
Remove trailing spaces|-
Delete unused CSS|-
Parse dates in German format|-
Use the new API client in the cart module|-
Extract a TokenBucket class|-
Add a confirmation dialog before deleting a project|-
Speed up the search index|-
Handle null price in the cart|-
Add keyboard shortcut to send message|-
Update dependencies|-";

#[test]
fn what_is_done_is_told_from_what_is_named() {
    let mut wrong = Vec::new();
    for line in SITUATIONS.lines() {
        let (title, expected) = line.split_once('|').unwrap();
        let text = format!("---\ntitle: {}\n---\n", serde_json::to_string(title).unwrap());
        let task = parse("t.md", &TaskId::new("t").unwrap(), text.as_bytes()).task.unwrap();
        let found: Vec<&str> = strong(&evidence(&Reading::of(&task), &task))
            .iter()
            .map(|risk| risk.kind.name())
            .collect();
        let right = if expected == "-" { found.is_empty() } else { found.contains(&expected) };
        if !right {
            wrong.push(format!("{title}: {found:?}, not {expected}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
